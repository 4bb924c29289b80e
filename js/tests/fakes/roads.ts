import { onTestFinished } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { PIECE_BYTES, type Server } from "../../src/channel/messages";
import { Requests } from "../../src/channel/requests";
import { LadderSource } from "../../src/data/ladder";
import type { PageAddress } from "../../src/data/probe";
import { FakeModel } from "./model";
import { FakePython } from "./python";
import { type Asked, FakeServer } from "./server";

const LOCAL: PageAddress = { origin: "http://localhost:8888", hostname: "localhost", baseUrl: null };

/** A ladder with both roads below it: a server's and Python's, with the same resources. */
export class Roads {
  python!: FakePython;
  source!: LadderSource;
  /** The roads that were told, with the server's address where the page reaches it. */
  readonly told: [string, string | null][] = [];
  onRoad = () => {};
  /** Where Python says that the server is. */
  place: () => Promise<Server | null> = async () => this.server.place;

  private constructor(readonly server: FakeServer) {}

  /** Until the test ends. */
  static async start(): Promise<Roads> {
    const server = await FakeServer.start();
    // A process's first request, for which Node loads its client, may outlast the patience of a read.
    await fetch(`http://127.0.0.1:${server.port}/_cellucid/health`);
    server.asked.splice(0);
    onTestFinished(() => server.stop());
    const roads = new Roads(server);
    roads.open();
    return roads;
  }

  /** Begin with a new page, and Python anew behind it. */
  open(page: PageAddress = LOCAL): void {
    const model = new FakeModel();
    this.python = new FakePython(model);
    const carrier = new CommCarrier(model, "p1");
    // The host has shown already that it carries buffers well.
    carrier.encoding.saw("down", "buffers", PIECE_BYTES, performance.now());
    const source = new LadderSource(new Requests(carrier), {
      connect: () => this.place(),
      page,
      onTransport: (name, base) => {
        this.told.push([name, base]);
        this.onRoad();
      },
    });
    this.source = source;
    onTestFinished(() => source.dispose());
  }

  add(path: string, bytes: Uint8Array, etag = "1"): void {
    this.server.add(path, bytes, etag);
    this.python.add(path, bytes, etag);
  }

  /** What the server was asked of resources. */
  asked(): Asked[] {
    return this.server.asked.filter(({ path }) => path.startsWith("/d/"));
  }
}
