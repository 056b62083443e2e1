// GLSL for one pass: a picture of one date, or the difference of two, from integer texture arrays.

export const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2[](vec2(-1, -1), vec2(3, -1), vec2(-1, 3))[gl_VertexID], 0, 1); }`;

// Division by zero, roots of negatives and overflow mean "no value" everywhere: flagged, since GPUs disagree on NaN.
const HELPERS = `
bool bad = false;
float div_(float a, float b) { if (b == 0.0) { bad = true; return 0.0; } return a / b; }
float sqrt_(float a) { if (a < 0.0) { bad = true; return 0.0; } return sqrt(a); }
float log_(float a) { if (a <= 0.0) { bad = true; return 0.0; } return log(a); }
float pow_(float a, float b) {
  if (b == 2.0) return a * a;
  if (b == 0.5) return sqrt_(a);
  if (b == floor(b)) {
    if (a == 0.0 && b < 0.0) { bad = true; return 0.0; }
    float r = pow(abs(a), b);
    return (a < 0.0 && mod(b, 2.0) != 0.0) ? -r : r;
  }
  if (a < 0.0) { bad = true; return 0.0; }
  return a == 0.0 ? 0.0 : pow(a, b);
}`;

// kind: "rgb" (three bands), "value" (an expression, colour map) or "class" (colour by code).
export function fragment(kind, count, expression, difference) {
  const sides = difference ? ["A", "B"] : ["A"];
  const samplers = sides
    .map((s) => Array.from({ length: count }, (_, i) => `uniform usampler2DArray tex${s}${i};`).join("\n") + `
uniform usampler2DArray mask${s}; uniform int layer${s}[${count + 1}]; uniform int maskBits${s};`)
    .join("\n");
  const read = sides
    .map((s) => `
bool cloud${s}(ivec2 k) {
  if (maskBits${s} == 0) return false;
  uint byte_ = texelFetch(mask${s}, ivec3(k.x >> 3, k.y, layer${s}[${count}]), 0).r;
  return ((byte_ >> (7u - uint(k.x & 7))) & 1u) == 1u;
}
${Array.from({ length: count }, (_, i) => `
float read${s}${i}(ivec2 k) {
  uint code = texelFetch(tex${s}${i}, ivec3(k, layer${s}[${i}]), 0).r;
  if (code == 0u) { bad = true; return 0.0; }
  return (float(code) - 1.0) * codec[${i}].x + codec[${i}].y;
}`).join("")}`)
    .join("\n");
  const bands = (s) => Array.from({ length: count }, (_, i) => `float b${i} = read${s}${i}(k);`).join(" ");
  const value = (s) => `float value${s}(ivec2 k) { ${bands(s)} return ${expression}; }`;
  const colour = (s) => `vec3 value${s}(ivec2 k) { ${bands(s)} return vec3(b0, b1, b2); }`;
  const functions = sides.map(kind === "rgb" ? colour : value).join("\n");
  const bodies = {
    rgb: difference
      ? "vec3 v = 0.5 + 0.5 * clamp((valueA(k) - valueB(k)) / (high - low), -1.0, 1.0); vec3 c = v;"
      : "vec3 v = clamp((valueA(k) - low) / (high - low), 0.0, 1.0); vec3 c = v; if (gamma != 1.0) c = pow(v, vec3(1.0 / gamma));",
    value: `float v = ${difference ? "valueA(k) - valueB(k)" : "valueA(k)"};
  if (!(abs(v) < 1e30)) bad = true;
  float u = clamp((v - low.x) / (high.x - low.x), 0.0, 1.0); if (gamma != 1.0) u = pow(u, 1.0 / gamma);
  vec4 q = texelFetch(lut, ivec2(int(floor(u * 255.0 + 0.5)), 0), 0); vec3 c = q.rgb; a *= q.a;`,
    class: `float v = valueA(k); int i = int(floor(v + 0.5));
  if (i < 0 || i > 255) bad = true;
  vec4 q = texelFetch(lut, ivec2(clamp(i, 0, 255), 0), 0); vec3 c = q.rgb; a *= q.a;`,
  };
  return `#version 300 es
precision highp float; precision highp int; precision highp usampler2DArray; precision highp sampler2D;
${samplers}
uniform sampler2D lut;
uniform vec2 codec[${count}];
uniform vec4 view;     // left, top (pixels of the cube), pixels of the cube per pixel of the screen, screen height
uniform vec4 grid;     // from pixels of the cube to pixels of this source: scale x, y, shift x, y
uniform vec3 win;      // left, top and stride of the loaded window, pixels of the source
uniform ivec2 size;    // of the loaded window after the stride
uniform vec3 low; uniform vec3 high;
uniform float gamma; uniform float opacity; uniform bool hideClouds;
out vec4 color;
${HELPERS}
${read}
${functions}
void main() {
  vec2 p = view.xy + vec2(gl_FragCoord.x, view.w - gl_FragCoord.y) * view.z;
  ivec2 k = ivec2(floor((p * grid.xy + grid.zw - win.xy) / win.z));
  if (k.x < 0 || k.y < 0 || k.x >= size.x || k.y >= size.y) bad = true;
  if (hideClouds && (cloudA(k)${difference ? " || cloudB(k)" : ""})) bad = true;
  float a = opacity;
  ${bodies[kind]}
  color = bad ? vec4(0.0) : vec4(c * a, a);
}`;
}

// One pixel through time: code and cloud bit of every date of a page.
export const COLUMN = `#version 300 es
precision highp float; precision highp int; precision highp usampler2DArray;
uniform usampler2DArray tex; uniform ivec2 at;
out uvec4 code;
void main() { code = uvec4(texelFetch(tex, ivec3(at, int(gl_FragCoord.x)), 0).r, 0u, 0u, 0u); }`;

// Median of the clear dates of a page, exact: the k-th smallest code is found bit by bit (no sorting, any number of dates).
export const MEDIAN = `#version 300 es
precision highp float; precision highp int; precision highp usampler2DArray;
uniform usampler2DArray tex; uniform usampler2DArray mask; uniform bool masked; uniform int first; uniform int last;
out uvec4 code;
bool seen(ivec2 k, int t, out uint c) {
  c = texelFetch(tex, ivec3(k, t), 0).r;
  if (c == 0u) return false;
  if (!masked) return true;
  uint m = texelFetch(mask, ivec3(k.x >> 3, k.y, t), 0).r;
  return ((m >> (7u - uint(k.x & 7))) & 1u) == 0u;
}
uint smallest(ivec2 k, int rank) {
  uint low = 1u, high = 65535u, c;
  while (low < high) {
    uint mid = (low + high) / 2u; int n = 0;
    for (int t = first; t <= last; t++) if (seen(k, t, c) && c <= mid) n++;
    if (n > rank) high = mid; else low = mid + 1u;
  }
  return low;
}
void main() {
  ivec2 k = ivec2(gl_FragCoord.xy); int n = 0; uint c;
  for (int t = first; t <= last; t++) if (seen(k, t, c)) n++;
  if (n == 0) { code = uvec4(0u); return; }
  uint a = smallest(k, (n - 1) / 2);
  uint b = (n % 2 == 0) ? smallest(k, n / 2) : a;
  code = uvec4((a + b + 1u) / 2u, 0u, 0u, 0u);
}`;
