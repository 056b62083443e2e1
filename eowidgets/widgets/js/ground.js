import { digits } from "./dom.js";

// Between pixels of the grid, coordinates of its CRS and degrees. The kernel sends a small grid over the extent; positions
// between are interpolated. The grid holds longitudes and latitudes, or, where a pole is inside, plane coordinates
// around the pole: longitudes have no continuous values there.

const RADIANS = Math.PI / 180;
const PIECES = 32; // of an edge

export class Ground {
  constructor(source) {
    this.place = source.place;
    this.width = source.width;
    this.height = source.height;
  }

  get known() {
    return this.place.nodes > 0;
  }

  toCrs(x, y) {
    const { x0, y0, dx, dy } = this.place;
    return [x0 + x * dx, y0 - y * dy];
  }

  // The two numbers of the grid at a place of the picture.
  toPlane(x, y) {
    const n = this.place.nodes;
    const u = Math.min(n - 1.000001, Math.max(0, (x / this.width) * (n - 1)));
    const v = Math.min(n - 1.000001, Math.max(0, (y / this.height) * (n - 1)));
    const i = Math.floor(u);
    const j = Math.floor(v);
    const [a, b] = [(x / this.width) * (n - 1) - i, (y / this.height) * (n - 1) - j];
    const at = (grid) =>
      (1 - b) * ((1 - a) * grid[j * n + i] + a * grid[j * n + i + 1]) +
      b * ((1 - a) * grid[(j + 1) * n + i] + a * grid[(j + 1) * n + i + 1]);
    return [at(this.place.lon), at(this.place.lat)];
  }

  toLonLat(x, y) {
    if (!this.known) return null;
    const [a, b] = this.toPlane(x, y);
    const { pole } = this.place;
    if (pole) return [Math.atan2(b, a) / RADIANS, pole * (90 - Math.hypot(a, b))];
    return [a - 360 * Math.floor((a + 180) / 360), b];
  }

  fromLonLat(lon, lat) {
    if (!this.known) return null;
    const { pole } = this.place;
    const distance = 90 - pole * lat;
    return pole ? this.fromPlane(distance * Math.cos(lon * RADIANS), distance * Math.sin(lon * RADIANS)) : this.fromPlane(lon + this.turns(lon), lat);
  }

  // Whole turns, in degrees, that bring a longitude to the copy of the world in which the grid lies.
  turns(lon) {
    const middle = this.place.lon[(this.place.nodes ** 2 - 1) / 2];
    return 360 * Math.round((middle - lon) / 360);
  }

  // Corners in pixels to a closed ring with continuous longitudes; one around the pole goes up to it.
  toRing(corners) {
    const { pole } = this.place;
    const closed = [...corners, corners[0]];
    if (!pole) return closed.map(([x, y]) => this.toPlane(x, y));
    // Around a pole an edge that is straight in the picture is far from straight in degrees.
    const between = ([ax, ay], [bx, by]) => Array.from({ length: PIECES }, (_, k) => [ax + ((bx - ax) * k) / PIECES, ay + ((by - ay) * k) / PIECES]);
    const fine = [...corners.flatMap((corner, i) => between(corner, closed[i + 1])), corners[0]];
    const ring = fine.map(([x, y]) => this.toLonLat(x, y));
    for (let i = 1; i < ring.length; i++) ring[i][0] += 360 * Math.round((ring[i - 1][0] - ring[i][0]) / 360);
    const [first, last] = [ring[0], ring.at(-1)];
    return Math.abs(last[0] - first[0]) < 180 ? ring : [...ring, [last[0], 90 * pole], [first[0], 90 * pole], first];
  }

  // A ring in degrees to pixels; all its corners move by the same turns, so that none at 180 goes to the other side.
  fromRing(ring) {
    if (!this.known || this.place.pole) return ring.map(([lon, lat]) => this.fromLonLat(lon, lat));
    const [west, east] = ring.reduce(([a, b], [lon]) => [Math.min(a, lon), Math.max(b, lon)], [Infinity, -Infinity]);
    const turns = this.turns((west + east) / 2);
    return ring.map(([lon, lat]) => this.fromPlane(lon + turns, lat));
  }

  // Newton's method on toPlane: the grid is nearly linear, so a few steps are exact.
  fromPlane(lon, lat) {
    let [x, y] = [this.width / 2, this.height / 2];
    for (let i = 0; i < 8; i++) {
      const [a, b] = this.toPlane(x, y);
      const [ax, bx] = this.toPlane(x + 1, y);
      const [ay, by] = this.toPlane(x, y + 1);
      const [j11, j21, j12, j22] = [ax - a, bx - b, ay - a, by - b];
      const det = j11 * j22 - j12 * j21;
      if (!det) return null;
      const [ex, ey] = [lon - a, lat - b];
      x += (ex * j22 - ey * j12) / det;
      y += (ey * j11 - ex * j21) / det;
    }
    return [x, y];
  }

  // Text of the position of the pointer: degrees, else coordinates of the CRS, else column and row.
  label(x, y) {
    const [e, n] = this.toCrs(x, y);
    const places = this.place.unit === "°" ? 5 : 0;
    const own = this.place.crs ? `${e.toFixed(places)}, ${n.toFixed(places)} ${this.place.crs}` : `column ${Math.floor(x)}, row ${Math.floor(y)}`;
    const degrees = this.toLonLat(x, y);
    if (!degrees) return own;
    const [lon, lat] = degrees;
    return `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? "W" : "E"}`;
  }

  // A round length that takes about `room` pixels of the screen: [pixels, "200 m"], or null without a CRS.
  scaleBar(step, room) {
    const metres = this.place.metres;
    if (!metres) return null;
    const most = room * step * metres;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].map((k) => k * power).find((k) => k <= most);
    const text = length >= 1000 ? `${digits(length / 1000)} km` : `${digits(length)} m`;
    return [length / (step * metres), text];
  }
}
