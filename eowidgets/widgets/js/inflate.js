// Bytes that were deflated, by the browser itself.

export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new DataView(await new Response(stream).arrayBuffer());
}

// Over a network, deflated pixels come half as fast again; from the same machine, deflating takes longer than it saves.
export const far = () => "DecompressionStream" in globalThis && !/^(localhost|127\.|\[::1\])/.test(location.hostname);
