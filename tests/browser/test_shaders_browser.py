"""Every index of the catalogue, run on the GPU, against spyndex."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import spyndex

from eowidgets.cube.schema import BAND_LETTERS
from eowidgets.render.formula import catalogue
from eowidgets.widgets.base import esm

SIZE = 64

#: Runs each expression on values given as floats and reads the bits of the result back.
RUN = """async ([code, jobs, values, size]) => {
  const url = URL.createObjectURL(new Blob([code + '\\nexport { HELPERS, VERTEX };'], { type: 'text/javascript' }));
  const { HELPERS, VERTEX } = await import(url);
  const gl = document.createElement('canvas').getContext('webgl2');
  gl.bindVertexArray(gl.createVertexArray());
  const floats = Object.fromEntries(Object.entries(values).map(([k, text]) =>
    [k, new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer)]));
  const textures = {};
  for (const [name, data] of Object.entries(floats)) {
    textures[name] = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, textures[name]);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, size, 1, 0, gl.RED, gl.FLOAT, data);
    for (const p of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, p, gl.NEAREST);
  }
  const frame = gl.createFramebuffer(), buffer = gl.createRenderbuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
  gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA32UI, size, 1);
  gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, buffer);
  gl.viewport(0, 0, size, 1);
  const out = {};
  for (const [name, { bands, glsl }] of Object.entries(jobs)) {
    const source = `#version 300 es
precision highp float; precision highp int; precision highp sampler2D;
${bands.map((_, i) => `uniform sampler2D t${i};`).join('\\n')}
out uvec4 bits;
${HELPERS}
void main() {
  ${bands.map((_, i) => `float b${i} = texelFetch(t${i}, ivec2(int(gl_FragCoord.x), 0), 0).r;`).join(' ')}
  float v = ${glsl};
  bits = uvec4(floatBitsToUint(v), bad ? 1u : 0u, 0u, 0u);
}`;
    const program = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, source]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text); gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(name + ': ' + gl.getShaderInfoLog(shader));
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program); gl.useProgram(program);
    bands.forEach((band, i) => {
      gl.activeTexture(gl.TEXTURE0 + i); gl.bindTexture(gl.TEXTURE_2D, textures[band]);
      gl.uniform1i(gl.getUniformLocation(program, `t${i}`), i);
    });
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    const read = new Uint32Array(size * 4);
    gl.readPixels(0, 0, size, 1, gl.RGBA_INTEGER, gl.UNSIGNED_INT, read);
    const value = new Float32Array(read.buffer);
    const known = (i) => !read[4 * i + 1] && Number.isFinite(value[4 * i]);
    out[name] = Array.from({ length: size }, (_, i) => (known(i) ? value[4 * i] : null));
    gl.deleteProgram(program);
  }
  return out;
}"""


@pytest.fixture(scope="module")
def results(lab):
    rng = np.random.default_rng(7)
    values = {band: rng.uniform(0.02, 0.6, SIZE).astype(np.float32) for band in BAND_LETTERS}
    programs = catalogue(BAND_LETTERS)
    jobs = {name: {"bands": list(p.bands), "glsl": p.glsl()} for name, p in programs.items()}
    page = lab.browser.new_page()
    text = {k: base64.b64encode(v.tobytes()).decode() for k, v in values.items()}
    shaders = esm("viewer/time_viewer").split("// --- shaders.js")[1].split("// --- ")[0]
    got = page.evaluate(RUN, [shaders, jobs, text, SIZE])
    page.close()
    return values, programs, got


def parameters(name, values):
    """What spyndex wants: bands by letter, its own constants, wavelengths and RBF kernels."""
    letters = {letter: values[band].astype(np.float64) for band, letter in BAND_LETTERS.items()}
    constants = {k: float(v.default) for k, v in spyndex.constants.items() if v.default is not None}
    centres = {f"lambda{k}": (b.min_wavelength + b.max_wavelength) / 2 for k, b in spyndex.bands.items()}
    known = {**constants, **{k: v for k, v in centres.items() if k in spyndex.constants}, **letters}
    out = {}
    for want in spyndex.indices[name].bands:
        if want in known:
            out[want] = known[want]
        else:
            a, b = known[want[1]], known[want[2]]
            out[want] = (
                np.ones(SIZE)
                if want[1] == want[2]
                else spyndex.computeKernel("RBF", {"a": a, "b": b, "sigma": (a + b) / 2})
            )
    return out


def test_every_index_is_that_of_spyndex_on_the_gpu(results):
    values, programs, got = results
    assert len(programs) >= len(spyndex.indices) - 1  # all but the one that needs light measured on the ground
    wrong, compared = {}, 0
    for name in programs:
        with np.errstate(all="ignore"):
            want = np.broadcast_to(np.asarray(spyndex.computeIndex(name, parameters(name, values)), float), (SIZE,))
        have = np.array([np.nan if v is None else v for v in got[name]])
        both = np.isfinite(want) & np.isfinite(have)
        if (np.isfinite(want) != np.isfinite(have)).any():
            wrong[name] = f"nodata differs at {int((np.isfinite(want) != np.isfinite(have)).sum())} values"
            continue
        scale = np.maximum(np.abs(want[both]), np.median(np.abs(want[both])) if both.any() else 1)
        error = np.abs(have[both] - want[both]) / scale
        compared += both.sum() > SIZE // 2
        if error.size and error.max() > 1e-3:
            wrong[name] = f"{error.max():.2g}"
    assert wrong == {}
    assert compared > 250
