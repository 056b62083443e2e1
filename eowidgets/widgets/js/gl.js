import { VERTEX, fragment, COLUMN, MEDIAN } from "./shaders.js";

// The GPU side: integer texture arrays, programs, passes. One WebGL context serves every viewer on the page, since
// browsers allow only about sixteen; each viewer copies its picture into its plain canvas.

export class GlBackend {
  static create() {
    const canvas = document.createElement("canvas");
    const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, premultipliedAlpha: true });
    return gl ? new GlBackend(canvas, gl) : null;
  }

  constructor(canvas, gl) {
    this.canvas = canvas;
    this.gl = gl;
    this.kind = "webgl2";
    this.onrestored = new Set();
    this.lost = false;
    this.software = drawnBySoftware(gl);
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // allows the browser to restore the context
      this.lost = true;
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.lost = false;
      this.setup();
      for (const f of this.onrestored) f();
    });
    this.setup();
  }

  setup() {
    const gl = this.gl;
    this.maxSize = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.maxLayers = gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS);
    this.programs = new Map();
    this.luts = new Map();
    this.bytes = 0;
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.pixelStorei(gl.PACK_ALIGNMENT, 1);
    gl.disable(gl.DITHER);
    this.dummy = this.plane(1, 1, 1, 8);
    this.generation = (this.generation || 0) + 1;
  }

  // A plane: one band (or bit mask) of a window, all dates, in one or more texture arrays.
  plane(width, height, dates, bits) {
    const gl = this.gl;
    const perPage = Math.min(dates, this.maxLayers);
    const pages = [];
    for (let t = 0; t < dates; t += perPage) {
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
      gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, bits === 16 ? gl.R16UI : gl.R8UI, width, height, Math.min(perPage, dates - t));
      for (const p of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D_ARRAY, p, gl.NEAREST);
      pages.push(texture);
    }
    const bytes = width * height * dates * (bits / 8);
    this.bytes += bytes;
    return { pages, perPage, width, height, dates, bits, bytes, have: new Uint8Array(dates), generation: this.generation };
  }

  free(plane) {
    if (plane.generation !== this.generation) return;
    for (const texture of plane.pages) this.gl.deleteTexture(texture);
    this.bytes -= plane.bytes;
  }

  // data: Uint8Array or Uint16Array of (dates, height, width) from date t and row y on.
  upload(plane, t, y, height, data, x = 0, width = plane.width) {
    const gl = this.gl;
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, plane.pages[Math.floor(t / plane.perPage)]);
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, x, y, t % plane.perPage, width, height, 1, gl.RED_INTEGER,
      plane.bits === 16 ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE, data);
  }

  program(key, source) {
    if (!this.programs.has(key)) this.programs.set(key, this.link(source()));
    const program = this.programs.get(key);
    this.gl.useProgram(program.handle);
    return program;
  }

  link(source) {
    const gl = this.gl;
    const handle = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, source]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(handle, shader);
      gl.deleteShader(shader);
      if (!gl.isContextLost() && !gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    }
    gl.linkProgram(handle);
    if (!gl.isContextLost() && !gl.getProgramParameter(handle, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(handle));
    const places = new Map();
    return {
      handle,
      at: (name) => {
        if (!places.has(name)) places.set(name, gl.getUniformLocation(handle, name));
        return places.get(name);
      },
    };
  }

  // lut: Uint8Array of 256 RGBA colours.
  lut(lut) {
    const gl = this.gl;
    let texture = this.luts.get(lut);
    if (!texture) {
      if (this.luts.size > 64) {
        for (const old of this.luts.values()) gl.deleteTexture(old);
        this.luts.clear();
      }
      texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, lut);
      for (const p of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, p, gl.NEAREST);
      this.luts.set(lut, texture);
    }
    return texture;
  }

  // view: {x, y, step} in pixels of the cube; size: [width, height] in pixels of the screen; rough: draw every n-th.
  draw(target, view, [wide, high], passes, rough = 1) {
    const gl = this.gl;
    if (this.lost || gl.isContextLost()) return false;
    const [width, height] = [Math.ceil(wide / rough), Math.ceil(high / rough)];
    if (this.canvas.width < wide || this.canvas.height < high) {
      this.canvas.width = Math.max(this.canvas.width, wide);
      this.canvas.height = Math.max(this.canvas.height, high);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.SCISSOR_TEST);
    for (const pass of passes) this.pass(shrunk(pass, rough), { ...view, step: view.step * rough }, [width, height]);
    gl.disable(gl.SCISSOR_TEST);
    gl.disable(gl.BLEND);
    target.imageSmoothingEnabled = false;
    target.clearRect(0, 0, wide, high);
    target.drawImage(this.canvas, 0, this.canvas.height - height, width, height, 0, 0, width * rough, height * rough);
    return true;
  }

  pass(pass, view, [width, height]) {
    const gl = this.gl;
    const [cx, cy, cw, ch] = visible(pass, view, pass.clip || [0, 0, width, height]);
    if (cw <= 0 || ch <= 0) return;
    gl.scissor(cx, height - cy - ch, cw, ch);
    // Without a GPU blending doubles the time: only layers above another one are blended.
    if (pass.above) gl.enable(gl.BLEND);
    else gl.disable(gl.BLEND);
    this.bindPass(this.programOf(pass), pass, view, height, pass.planes.length);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // Draw a single hidden pixel: programs are compiled at the first drawing.
  warm(pass) {
    const gl = this.gl;
    if (this.lost || gl.isContextLost()) return;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, 1, 1);
    gl.disable(gl.BLEND);
    this.bindPass(this.programOf(pass), pass, { x: 0, y: 0, step: 1 }, 1, pass.planes.length);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  programOf({ kind, planes, glsl, other }) {
    const key = `${kind}|${planes.length}|${glsl}|${Boolean(other)}`;
    return this.program(key, () => fragment(kind, planes.length, glsl, Boolean(other)));
  }

  bindPass(program, pass, view, height, count) {
    const gl = this.gl;
    const at = program.at;
    let unit = 0;
    const bind = (name, target, texture) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(target, texture);
      gl.uniform1i(at(name), unit);
      unit += 1;
    };
    const sides = pass.other ? [["A", pass], ["B", pass.other]] : [["A", pass]];
    for (const [side, part] of sides) {
      const layers = new Int32Array(count + 1);
      part.planes.forEach((plane, i) => {
        const t = plane.dates === 1 ? 0 : part.t;
        layers[i] = t % plane.perPage;
        bind(`tex${side}${i}`, gl.TEXTURE_2D_ARRAY, plane.pages[Math.floor(t / plane.perPage)]);
      });
      const mask = part.mask || this.dummy;
      const t = part.mask && mask.dates > 1 ? part.t : 0;
      layers[count] = t % mask.perPage;
      bind(`mask${side}`, gl.TEXTURE_2D_ARRAY, mask.pages[Math.floor(t / mask.perPage)]);
      gl.uniform1iv(at(`layer${side}`), layers);
      gl.uniform1i(at(`maskBits${side}`), part.mask ? 1 : 0);
    }
    if (pass.kind !== "rgb") bind("lut", gl.TEXTURE_2D, this.lut(pass.lut));
    gl.activeTexture(gl.TEXTURE0);
    gl.uniform2fv(at("codec"), pass.codecs.flat());
    gl.uniform4f(at("view"), view.x, view.y, view.step, height);
    gl.uniform4fv(at("grid"), pass.grid);
    gl.uniform3f(at("win"), pass.win.x0, pass.win.y0, pass.win.stride);
    gl.uniform2i(at("size"), pass.size[0], pass.size[1]);
    gl.uniform3fv(at("low"), pass.low);
    gl.uniform3fv(at("high"), pass.high);
    gl.uniform1f(at("gamma"), pass.gamma);
    gl.uniform1f(at("opacity"), pass.opacity);
    gl.uniform1i(at("hideClouds"), pass.hideClouds ? 1 : 0);
  }

  // Codes of one pixel on every date.
  column(plane, x, y) {
    const gl = this.gl;
    const out = new Uint16Array(plane.dates);
    const program = this.program("column", () => COLUMN);
    plane.pages.forEach((texture, page) => {
      const n = Math.min(plane.perPage, plane.dates - page * plane.perPage);
      this.offscreen(gl.R32UI, n, 1, () => {
        gl.activeTexture(gl.TEXTURE0);
        gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
        gl.uniform1i(program.at("tex"), 0);
        gl.uniform2i(program.at("at"), x, y);
        gl.drawArrays(gl.TRIANGLES, 0, 3);
        const codes = new Uint32Array(n * 4);
        gl.readPixels(0, 0, n, 1, gl.RGBA_INTEGER, gl.UNSIGNED_INT, codes);
        for (let i = 0; i < n; i++) out[page * plane.perPage + i] = codes[4 * i];
      });
    });
    return out;
  }

  // Codes of a rectangle on one date.
  box(plane, t, x, y, width, height) {
    const gl = this.gl;
    const frame = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTextureLayer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, plane.pages[Math.floor(t / plane.perPage)], 0, t % plane.perPage);
    const codes = new Uint32Array(width * height * 4);
    gl.readPixels(x, y, width, height, gl.RGBA_INTEGER, gl.UNSIGNED_INT, codes);
    gl.deleteFramebuffer(frame);
    const out = new Uint16Array(width * height);
    for (let i = 0; i < out.length; i++) out[i] = codes[4 * i];
    return out;
  }

  // Median of dates first..last into a plane of one date; rows y..y+height only, so that long work can be cut.
  median(target, plane, mask, first, last, y, height) {
    const gl = this.gl;
    const program = this.program("median", () => MEDIAN);
    const frame = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTextureLayer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, target.pages[0], 0, 0);
    gl.viewport(0, 0, target.width, target.height);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(0, y, target.width, height);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, plane.pages[0]);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, (mask || this.dummy).pages[0]);
    gl.activeTexture(gl.TEXTURE0);
    gl.uniform1i(program.at("tex"), 0);
    gl.uniform1i(program.at("mask"), 1);
    gl.uniform1i(program.at("masked"), mask ? 1 : 0);
    gl.uniform1i(program.at("first"), first);
    gl.uniform1i(program.at("last"), last);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.SCISSOR_TEST);
    gl.deleteFramebuffer(frame);
  }

  offscreen(format, width, height, work) {
    const gl = this.gl;
    const frame = gl.createFramebuffer();
    const buffer = gl.createRenderbuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
    gl.renderbufferStorage(gl.RENDERBUFFER, format, width, height);
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, buffer);
    gl.viewport(0, 0, width, height);
    work();
    gl.deleteRenderbuffer(buffer);
    gl.deleteFramebuffer(frame);
  }
}

// Whether the CPU draws, by the name of the renderer; false if the browser hides the name.
function drawnBySoftware(gl) {
  const full = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(gl.getParameter(full ? full.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

const shrunk = (pass, by) => (by > 1 && pass.clip ? { ...pass, clip: pass.clip.map((v) => Math.round(v / by)) } : pass);

// The part of a clip where a pass has pixels, so that no other pixels are shaded.
export function visible({ grid, win, size }, view, [x, y, width, height]) {
  const place = (at, axis) => ((at - grid[axis + 2]) / grid[axis] - (axis ? view.y : view.x)) / view.step;
  const x0 = Math.max(x, Math.floor(place(win.x0, 0)));
  const y0 = Math.max(y, Math.floor(place(win.y0, 1)));
  const x1 = Math.min(x + width, Math.ceil(place(win.x0 + size[0] * win.stride, 0)));
  const y1 = Math.min(y + height, Math.ceil(place(win.y0 + size[1] * win.stride, 1)));
  return [x0, y0, x1 - x0, y1 - y0];
}
