// How hosts bring a message with its buffers to a frame and back.

/** A view's bytes alone. */
const bytesOf = (buffer) =>
  ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);

const letter = (byte) => String.fromCharCode(byte);

function eachBuffer(message, change) {
  const { buffers, ...rest } = message.message ?? message;
  if (buffers === undefined) return message;
  const changed = { ...rest, buffers: buffers.map(change) };
  return message.message === undefined ? changed : { ...message, message: changed };
}

/**
 * `wrap` what is posted and `open` what was, for a frame to have: its widgets are handed the buffers as they are then.
 * The page that sends them on to the kernel will `read` them.
 */
export const FORMS = {
  // VS Code: all of it JSON, buffers lists of numbers.
  numbers: {
    wrap: (message) => JSON.stringify(eachBuffer(message, (buffer) => [...bytesOf(buffer)])),
    open: (text) => JSON.parse(text),
    read: (numbers) => Uint8Array.from(numbers).buffer,
  },
  // Colab, as it was and is.
  base64: {
    wrap: (message) => eachBuffer(message, (buffer) => btoa(Array.from(bytesOf(buffer), letter).join(""))),
    open: (message) => message,
    read: (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer,
  },
  views: {
    wrap: (message) => message,
    open: (message) => message,
    read: (buffer) => buffer,
  },
};
