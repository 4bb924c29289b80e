import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import type { Downstream, Part } from "../../src/channel/messages";
import { FakeModel } from "../fakes/model";

const reply = (page: string) => ({ kind: "reply", page, id: 1, result: {} });
const command = (page: string | null, without: string | null = null) => ({
  kind: "command",
  command: "selection",
  payload: {},
  page,
  without,
});

describe("the comm as a carrier", () => {
  let model: FakeModel;
  let carrier: CommCarrier;
  let heard: { message: Downstream; buffers: Uint8Array[] }[];

  beforeEach(() => {
    model = new FakeModel();
    carrier = new CommCarrier(model, "mine");
    heard = [];
    carrier.listen((message, buffers) => heard.push({ message, buffers }));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("hears what is for its page and for every page", () => {
    model.deliver(reply("mine"));
    model.deliver(command("mine"));
    model.deliver(command(null));
    expect(heard).toHaveLength(3);
  });

  it("does not hear what is for another page, nor a command that leaves it out", () => {
    model.deliver(reply("other"), [new ArrayBuffer(4)]);
    model.deliver(command("other"));
    model.deliver(command(null, "mine"));
    expect(heard).toEqual([]);
    expect(carrier.bytesReceived).toBe(0);
    model.deliver(command(null, "other"));
    expect(heard).toHaveLength(1);
  });

  it("has a page id of its own that Python accepts", () => {
    const ids = Array.from({ length: 20 }, () => new CommCarrier(new FakeModel()).page);
    expect(new Set(ids).size).toBe(20);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  it("hands on the bytes of buffers, however the host wraps them", () => {
    const buffers = [new DataView(Uint8Array.of(0, 1, 2, 3, 4, 5).buffer, 3, 2), "AwQ=", [3, 4]];
    model.deliver(reply("mine"), buffers);
    expect(heard[0].buffers.map((bytes) => [...bytes])).toEqual(Array(3).fill([3, 4]));
  });

  it("hands on the bytes that came as text in the message", () => {
    model.deliver({ ...reply("mine"), text: ["AwQ=", ""] }, []);
    expect(heard[0].buffers.map((bytes) => [...bytes])).toEqual([[3, 4], []]);
    expect([carrier.bytesReceived, carrier.asText.received]).toEqual([2, 2]);
  });

  it("sends text once a host has handed over numbers", () => {
    const bytes = new Uint8Array(100_000);
    const message = { kind: "cancel", page: "mine", id: 1 } as const;
    expect(carrier.send(message, [bytes])).toBe("buffers");
    model.deliver(reply("mine"), [[3, 4]]);
    expect(carrier.send(message, [bytes])).toBe("text");
    expect(carrier.asText.sent).toBe(100_000);
  });

  it.each([
    ["text that is no base64", { ...reply("mine"), text: ["?"] }, []],
    ["texts that are none", { ...reply("mine"), text: [1] }, []],
    ["something without bytes", reply("mine"), [{}]],
  ])("drops a message with %s, and hears the next", (_name, message, buffers) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(() => model.deliver(message, buffers)).not.toThrow();
    expect(warn).toHaveBeenCalledOnce();
    model.deliver(reply("mine"));
    expect(heard).toHaveLength(1);
  });

  it("hears a message whose host gives no list of buffers", () => {
    model.deliver(reply("mine"), undefined);
    expect(heard[0].buffers).toEqual([]);
  });

  it("lets only plain ArrayBuffers leave, of a view just what it shows", () => {
    const whole = Uint8Array.of(0, 1, 2, 3, 4, 5);
    carrier.send({ kind: "cancel", page: "mine", id: 1 }, [whole.subarray(2, 4), whole]);
    const [part, all] = model.sent[0].buffers;
    expect(part).toBeInstanceOf(ArrayBuffer);
    expect([...new Uint8Array(part)]).toEqual([2, 3]);
    expect(all).not.toBe(whole.buffer);
    expect([...new Uint8Array(all)]).toEqual([...whole]);
  });

  it("sends what is too large for one message in parts of four MiB", () => {
    const large = new Uint8Array((9 << 20) + 5).map((_, index) => index % 251);
    const message = { kind: "cancel", page: "mine", id: 1 } as const;
    carrier.send(message, [large, Uint8Array.of(7)]);
    const parts = model.sent.map((sent) => sent.message as Part);
    expect(parts).toMatchObject([0, 1, 2].map((index) => ({ kind: "part", transfer: 1, index, count: 3, text: null })));
    expect(model.sent.map(({ buffers }) => buffers[0].byteLength <= 4 << 20)).toEqual([true, true, true]);
    const packed = new Uint8Array(Buffer.concat(model.sent.map(({ buffers }) => new Uint8Array(buffers[0]))));
    const end = 4 + new DataView(packed.buffer).getUint32(0, true);
    expect(JSON.parse(new TextDecoder().decode(packed.subarray(4, end)))).toEqual({
      messages: [{ content: message, buffers: [large.length, 1] }],
    });
    expect(packed.length).toBe(end + large.length + 1);
    expect(packed.at(-1)).toBe(7);
    expect(packed.subarray(end, end + 1000)).toEqual(large.subarray(0, 1000));
    carrier.send(message, [large]);
    expect((model.sent[3].message as Part).transfer).toBe(2);
  });

  it("sends text where the host is faster so", () => {
    carrier.encoding.saw("up", "buffers", 2 << 20, performance.now() - 2000);
    carrier.send({ kind: "cancel", page: "mine", id: 1 }, [new Uint8Array(2 << 20).fill(255)]);
    const [{ message, buffers }] = model.sent;
    expect(buffers).toEqual([]);
    const bytes = Uint8Array.from(atob((message as Part).text ?? ""), (letter) => letter.charCodeAt(0));
    expect(bytes.length).toBeGreaterThan(2 << 20);
    expect(bytes.at(-1)).toBe(255);
  });

  it("bears a host that has given up the connection", () => {
    vi.spyOn(console, "debug").mockImplementation(() => {});
    model.onSend = () => {
      throw new Error("Cannot send a comm message on a dead kernel");
    };
    expect(() => carrier.send({ kind: "cancel", page: "mine", id: 1 })).not.toThrow();
  });

  it("counts the bytes of buffers in both directions", () => {
    carrier.send({ kind: "cancel", page: "mine", id: 1 }, [new Uint8Array(3), new Uint8Array(100).subarray(0, 4)]);
    carrier.send({ kind: "cancel", page: "mine", id: 2 });
    expect(carrier.bytesSent).toBe(7);
    model.deliver(reply("mine"), [new ArrayBuffer(5), new DataView(new ArrayBuffer(100), 10, 6)]);
    expect(carrier.bytesReceived).toBe(11);
  });

  it("drops a bad message, says so and hears the next", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(() => model.deliver({ kind: "reply", page: "mine", id: -1, result: {} })).not.toThrow();
    expect(() => model.deliver("hello")).not.toThrow();
    expect(warn).toHaveBeenCalledTimes(2);
    expect(warn.mock.calls[0][0]).toContain("reply.id");
    expect(heard).toEqual([]);
    model.deliver(reply("mine"));
    expect(heard).toHaveLength(1);
  });

  it("stops telling a listener that has gone", () => {
    const other = vi.fn();
    const stop = carrier.listen(other);
    stop();
    model.deliver(reply("mine"));
    expect(other).not.toHaveBeenCalled();
    expect(heard).toHaveLength(1);
  });

  it("leaves nothing on the model when it is disposed", () => {
    carrier.dispose();
    expect(model.listenerCount).toBe(0);
    model.deliver(reply("mine"));
    expect(heard).toEqual([]);
  });
});
