import { describe, expect, it } from "vitest";
import vectors from "../../../tests/vectors/messages.json";
import { CommCarrier } from "../../src/channel/comm";
import { Events } from "../../src/channel/events";
import {
  BadMessage,
  PIECE_BYTES,
  parse,
  parseAsk,
  parseMarks,
  parsePiece,
  parsePushed,
  parseSelection,
  parseServer,
  parseTraits,
} from "../../src/channel/messages";
import { Requests } from "../../src/channel/requests";
import { FakeModel } from "../fakes/model";

describe("messages from Python", () => {
  it.each(vectors.downstream.good)("$name: is read as it is", ({ message }) => {
    expect(parse(message)).toEqual(message);
  });

  it.each(vectors.downstream.bad)("$name: is refused", ({ message }) => {
    expect(() => parse(message)).toThrow(BadMessage);
  });

  it.each(
    vectors.downstream.good.flatMap(({ name, message }) => {
      const payload = message.payload as unknown;
      const parser = {
        selection: parseSelection,
        marks: parseMarks,
        ask: parseAsk,
        traits: parseTraits,
        piece: parsePushed,
      }[message.command ?? ""];
      return parser === undefined ? [] : [{ name, payload, parser: parser as (payload: unknown) => unknown }];
    }),
  )("$name: its payload is read as it is", ({ payload, parser }) => {
    expect(parser(payload)).toEqual(payload);
  });

  it("may carry keys that this viewer does not know", () => {
    const message = { kind: "ack", page: "p1", seq: 2, revision: 3, error: null };
    expect(parse({ ...message, since: "0.9" })).toEqual(message);
  });

  it("name the field, what was expected and what came", () => {
    expect(() => parse({ kind: "ack", page: "p1", seq: "2", revision: 3 })).toThrow(
      'ack.seq: expected a whole number, got "2"',
    );
  });

  it("carry pieces and selections that are checked as well", () => {
    const piece = { total: 8, dtype: null, shape: [2, 4], etag: "e" };
    expect(parsePiece(piece)).toEqual(piece);
    expect(() => parsePiece({ ...piece, shape: [2, -4] })).toThrow(BadMessage);
    expect(() => parsePiece({ ...piece, total: 0.5 })).toThrow(BadMessage);
    const selection = { revision: 1, n_cells: 9, encoding: "bitmap", count: 2 };
    expect(parseSelection(selection)).toEqual(selection);
    expect(() => parseSelection({ ...selection, encoding: "json" })).toThrow(BadMessage);
    expect(() => parseSelection(null)).toThrow(BadMessage);
  });

  it("carry marks that are checked as well", () => {
    const cells = { encoding: "deltas", count: 1 };
    const marks = { revision: 1, n_cells: 9, hidden: cells, highlights: [{ ...cells, color: "#ff0000" }] };
    expect(parseMarks(marks)).toEqual(marks);
    expect(() => parseMarks({ ...marks, hidden: null })).toThrow(BadMessage);
    expect(() => parseMarks({ ...marks, highlights: [cells] })).toThrow(BadMessage);
    expect(() => parseMarks({ ...marks, highlights: [{ ...cells, color: "red" }] })).toThrow(
      "highlights.color: expected a colour",
    );
  });

  it("carry the server's place that is checked as well", () => {
    const server = { port: 4711, token: "t", path: "/d/x/", override: null, learned: "/user/ada/proxy/1/" };
    expect(parseServer(server)).toEqual(server);
    expect(() => parseServer({ ...server, port: "4711" })).toThrow(BadMessage);
    expect(() => parseServer({})).toThrow(BadMessage);
  });
});

describe("messages to Python", () => {
  it("are the ones that Python is held to", async () => {
    const model = new FakeModel();
    const carrier = new CommCarrier(model, "p1");
    const requests = new Requests(carrier);
    const events = new Events(carrier);
    const abort = new AbortController();

    const answers = [
      requests.send("read", { path: "obs/cell%20type.codes.u8", offset: 0, length: PIECE_BYTES }),
      requests.send(
        "read",
        { path: "embeddings/X_umap.f32", offset: PIECE_BYTES, length: PIECE_BYTES },
        { signal: abort.signal },
      ),
      requests.send("selection", {}),
      requests.send("marks", {}),
      requests.send("connect", {}),
      requests.send("ping", {}),
    ];
    abort.abort();
    events.send("ready", { n_cells: 700, dimensions: 2 });
    events.send("selection", { source: "lasso", encoding: "deltas", count: 3 }, [new Uint8Array(12)]);
    events.send("click", { cell: 0, button: 0, shift: false, ctrl: true });
    events.send("hover", { cell: 0 });
    events.send("hover", { cell: null });
    const base = "https://hub.example.org/user/ada/proxy/4711/";
    events.send("transport", { name: "proxy", base, reason: null });
    events.send("transport", { name: "comm", base: null, reason: "no proxy" });
    events.send("console", { level: "error", message: "no WebGL2", hint: null });
    events.send("console", { level: "warn", message: "dropped a message", hint: null });
    events.send("answer", { id: 1, result: { t: 1767228137586 }, error: null });
    const error = { code: "unknown", message: "this viewer cannot dance", hint: "" };
    events.send("answer", { id: 2, result: null, error });
    const values = { color_by: "louvain", filters: { louvain: { hide: ["3"] } } };
    events.send("traits", { values, camera_of: null });
    const camera = { center: [1.5, -2], zoom: 3 };
    events.send("traits", { values: { camera }, camera_of: { embedding: "X_umap", dimension: 2 } });
    events.send("closed", {});
    carrier.send({ kind: "cancel", page: "p1", id: 9 }, [new Uint8Array(5 << 20)]);
    events.tell("hover", { cell: 7 });
    carrier.send({ kind: "seen", page: "p1", updates: 4, selection: 2, marks: 0, epoch: 1, commands: 3 });
    carrier.encoding.sawNumbers();
    answers.push(requests.send("read", { path: "manifest.json", offset: 0, length: PIECE_BYTES }));
    requests.dispose();
    await Promise.allSettled(answers);

    expect(model.messages).toEqual(vectors.upstream.good.map(({ message }) => message));
  });
});
