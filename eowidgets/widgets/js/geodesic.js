// Lengths and areas on the WGS 84 ellipsoid, from longitudes and latitudes in degrees.

const MAJOR = 6378137; // metres
const FLAT = 1 / 298.257223563;
const RAD = Math.PI / 180;
const ECC2 = FLAT * (2 - FLAT);

// Length of the geodesic between two places in metres (Vincenty 1975, inverse); NaN for points that nearly face each other.
export function geodesic([lon1, lat1], [lon2, lat2]) {
  const reduced = (lat) => Math.atan((1 - FLAT) * Math.tan(lat * RAD));
  const [u1, u2] = [reduced(lat1), reduced(lat2)];
  const [s1, c1, s2, c2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
  const apart = (((lon2 - lon1 + 540) % 360 + 360) % 360 - 180) * RAD;
  let lambda = apart;
  for (let i = 0; i < 200; i++) {
    const [sl, cl] = [Math.sin(lambda), Math.cos(lambda)];
    const sinSigma = Math.hypot(c2 * sl, c1 * s2 - s1 * c2 * cl);
    if (sinSigma === 0) return 0;
    const cosSigma = s1 * s2 + c1 * c2 * cl;
    const sigma = Math.atan2(sinSigma, cosSigma);
    const sinAlpha = (c1 * c2 * sl) / sinSigma;
    const cos2 = 1 - sinAlpha ** 2;
    const middle = cos2 ? cosSigma - (2 * s1 * s2) / cos2 : 0; // on the equator
    const c = (FLAT / 16) * cos2 * (4 + FLAT * (4 - 3 * cos2));
    const before = lambda;
    lambda = apart + (1 - c) * FLAT * sinAlpha * (sigma + c * sinSigma * (middle + c * cosSigma * (2 * middle ** 2 - 1)));
    if (Math.abs(lambda - before) > 1e-12) continue;
    const minor = MAJOR * (1 - FLAT);
    const u = (cos2 * (MAJOR ** 2 - minor ** 2)) / minor ** 2;
    const a = 1 + (u / 16384) * (4096 + u * (-768 + u * (320 - 175 * u)));
    const b = (u / 1024) * (256 + u * (-128 + u * (74 - 47 * u)));
    const more = b * sinSigma * (middle + (b / 4) * (cosSigma * (2 * middle ** 2 - 1) - (b / 6) * middle * (4 * sinSigma ** 2 - 3) * (4 * middle ** 2 - 3)));
    return minor * a * (sigma - more);
  }
  return NaN;
}

// Of Snyder's authalic latitude: areas in the cylindrical equal-area projection are those of the ellipsoid.
function authalic(lat) {
  const s = Math.sin(lat * RAD);
  const e = Math.sqrt(ECC2);
  return (1 - ECC2) * (s / (1 - ECC2 * s * s) - Math.log((1 - e * s) / (1 + e * s)) / (2 * e));
}

// Area within a closed ring in square metres; longitudes are continuous, edges short or straight in this projection.
export function ringArea(ring) {
  const base = authalic(ring[0][1]);
  const points = ring.map(([lon, lat]) => [(lon - ring[0][0]) * RAD, authalic(lat) - base]);
  let sum = 0;
  for (let i = 1; i < points.length; i++) sum += points[i - 1][0] * points[i][1] - points[i][0] * points[i - 1][1];
  return (Math.abs(sum) * MAJOR ** 2) / 4;
}
