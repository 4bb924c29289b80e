import { createHmac } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server as NodeServer,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Server } from "../../src/channel/messages";

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly token: string | undefined;
}

/** A data server that speaks as `python/cellucid/server` does, on a real socket, and misbehaves when it is told to. */
export class FakeServer {
  readonly token = "the token";
  readonly resources = new Map<string, { bytes: Uint8Array; dtype: string | null; etag: string }>();
  readonly asked: Asked[] = [];
  /** Of one answer, in bytes. */
  longest = 64 * 1024 * 1024;
  /** Answers in the server's place when it returns true. */
  instead: Answer = () => false;
  /** ms until a resource is answered. */
  delay = 0;
  private readonly http: NodeServer;

  private constructor() {
    this.http = createServer((request, response) => this.answer(request, response));
  }

  static async start(): Promise<FakeServer> {
    const server = new FakeServer();
    await new Promise<void>((listening) => server.http.listen(0, "127.0.0.1", listening));
    return server;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  /** Where it is, as Python says it. */
  get place(): Server {
    return { port: this.port, token: this.token, path: "/d/key/", override: null, learned: null };
  }

  add(path: string, bytes: Uint8Array, etag = "1"): void {
    this.resources.set(path, { bytes, dtype: "uint8", etag });
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://localhost");
    const token = request.headers["x-cellucid-token"] as string | undefined;
    const range = request.headers.range;
    this.asked.push({ path: url.pathname, range, token });
    if (this.instead(request, response)) return;
    if (url.pathname === "/_cellucid/health") this.answerHealth(response, url.searchParams);
    else if (token !== this.token) refuse(response, 401, "token", "the token is missing or wrong");
    else if (this.delay === 0) this.answerResource(request, response, url.pathname);
    else setTimeout(() => this.answerResource(request, response, url.pathname), this.delay);
  }

  private answerHealth(response: ServerResponse, asked: URLSearchParams): void {
    const nonce = asked.get("challenge") ?? "";
    if (asked.get("proof") !== this.sign(`page:${nonce}`)) refuse(response, 403, "host", "a stranger");
    else json(response, 200, { status: "ok", answer: this.sign(nonce) });
  }

  private answerResource(request: IncomingMessage, response: ServerResponse, address: string): void {
    const path = address.startsWith("/d/key/") ? decodeURIComponent(address.slice("/d/key/".length)) : null;
    const resource = path === null ? undefined : this.resources.get(path);
    if (resource === undefined) {
      refuse(response, 404, "dataset", `there is no resource '${path}'`);
      return;
    }
    const { bytes, dtype, etag } = resource;
    const given = request.headers["if-range"];
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const whole = asked === null || bytes.length === 0 || (given !== undefined && given !== `"${etag}"`);
    const said = { ETag: `"${etag}"`, "X-Cellucid-Length": bytes.length, "X-Cellucid-Shape": bytes.length };
    if (whole && bytes.length > this.longest) {
      refuse(response, 416, "range", "ask for parts", said);
      return;
    }
    const [start, stop] = whole ? [0, bytes.length] : [Number(asked[1]), Math.min(Number(asked[2]) + 1, bytes.length)];
    response.writeHead(whole ? 200 : 206, {
      ...said,
      ...(dtype === null ? {} : { "X-Cellucid-Dtype": dtype }),
      "Content-Length": stop - start,
      ...(whole ? {} : { "Content-Range": `bytes ${start}-${stop - 1}/${bytes.length}` }),
    });
    response.end(bytes.subarray(start, stop));
  }

  sign(text: string): string {
    return createHmac("sha256", this.token).update(text).digest("hex");
  }
}

export function json(response: ServerResponse, status: number, body: object, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { ...headers, "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

function refuse(
  response: ServerResponse,
  status: number,
  error: string,
  message: string,
  headers: OutgoingHttpHeaders = {},
): void {
  json(response, status, { error, message, hint: "" }, headers);
}
