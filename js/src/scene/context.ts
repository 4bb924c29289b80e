/**
 * WebGL2 contexts, at most eight a page. Browsers keep sixteen and kill the oldest of more, so the pool is shared by
 * every widget on the page, whichever evaluation of this module it came from.
 */

const MAX_CONTEXTS = 8;
const POOL = Symbol.for("cellucid.contexts.1");

interface Pool {
  /** Least recently drawn first. */
  readonly leases: Lease[];
}

export class WebGLUnavailable extends Error {}

/** The right to one context, until another widget needs it more or the driver takes it. */
export interface Lease {
  readonly gl: WebGL2RenderingContext;
  /** Told once, when the context is no longer ours; everything made with it is gone. */
  readonly lost: () => void;
}

/** Take a context; the one that has not drawn for longest makes room. */
export function lease(lost: () => void): Lease {
  const { leases } = pool();
  if (leases.length >= MAX_CONTEXTS) release(leases[0]);
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: true, stencil: false });
  if (gl === null) throw new WebGLUnavailable("This browser gives no WebGL2 context.");
  const taken: Lease = { gl, lost };
  canvas.addEventListener("webglcontextlost", () => forget(taken), { once: true });
  leases.push(taken);
  return taken;
}

/** Say that a context has just drawn. */
export function touch(taken: Lease): void {
  const { leases } = pool();
  const index = leases.indexOf(taken);
  if (index >= 0) leases.push(...leases.splice(index, 1));
}

/** Give a context back. Idempotent. */
export function release(taken: Lease): void {
  if (forget(taken)) taken.gl.getExtension("WEBGL_lose_context")?.loseContext();
}

function forget(taken: Lease): boolean {
  const { leases } = pool();
  const index = leases.indexOf(taken);
  if (index < 0) return false;
  leases.splice(index, 1);
  taken.lost();
  return true;
}

function pool(): Pool {
  const page = globalThis as { [POOL]?: Pool };
  page[POOL] ??= { leases: [] };
  return page[POOL];
}
