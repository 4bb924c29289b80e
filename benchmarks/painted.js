// Runs in the page before anything else. Both widgets draw off-screen and copy the picture to a 2D canvas that the
// person sees. Each copy is looked at, for both alike: did the picture change, and when was it really there.
(() => {
  const copy = CanvasRenderingContext2D.prototype.drawImage;
  const state = { canvas: null, paints: 0, pending: 0, changes: [], mouseUp: 0 };

  // Software GL draws behind the script's back, and reading the pixels waits for it: in a worker, so that the page
  // does not wait as well.
  const look = () => {
    const small = new OffscreenCanvas(96, 64).getContext("2d", { willReadFrequently: true });
    let last = "";
    onmessage = ({ data: picture }) => {
      small.globalCompositeOperation = "copy";
      small.drawImage(picture, 0, 0, 96, 64);
      picture.close();
      const pixels = new Uint32Array(small.getImageData(0, 0, 96, 64).data.buffer);
      const time = Date.now();
      const now = pixels.join();
      const inked = pixels.filter((pixel) => pixel !== pixels[0]).length / pixels.length;
      postMessage({ time, inked, changed: now !== last });
      last = now;
    };
  };
  const worker = new Worker(URL.createObjectURL(new Blob([`(${look})()`], { type: "text/javascript" })));
  worker.onmessage = ({ data: { time, inked, changed } }) => {
    state.pending--;
    if (changed) state.changes.push({ time, inked });
  };

  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    copy.apply(this, args);
    const { canvas } = this;
    if (!(canvas instanceof HTMLCanvasElement) || !canvas.isConnected || canvas.width < 200) return;
    state.canvas = canvas;
    state.paints++;
    state.pending++;
    createImageBitmap(canvas).then(
      (picture) => worker.postMessage(picture, [picture]),
      () => state.pending--, // the canvas has no pixels yet
    );
  };

  addEventListener(
    "pointerup",
    (event) => {
      // When the button went up, not when a busy page got to hear of it.
      state.mouseUp = Date.now() - (performance.now() - event.timeStamp);
    },
    { capture: true },
  );

  globalThis.painted = {
    /** Forget the changes so far; the picture that is there stays the one to compare with. */
    reset() {
      Object.assign(state, { changes: [], paints: 0 });
    },
    /** When the picture was complete, in ms since 1970: its last change, once nothing changed for `quiet` ms. */
    async complete({ quiet, seconds }) {
      const end = performance.now() + seconds * 1000;
      for (;;) {
        const last = state.changes.at(-1);
        if (last && last.inked > 0.02 && state.pending === 0 && Date.now() - last.time > quiet) {
          const { paints, changes } = state;
          return { complete: last.time, first: changes[0].time, paints, changes: changes.length };
        }
        if (performance.now() > end) {
          const { paints, pending, changes } = state;
          throw new Error(`no complete picture within ${seconds} s: ${JSON.stringify({ paints, pending, changes })}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    /** Resolves once every picture painted so far is there and no other comes. */
    async still(seconds) {
      const end = performance.now() + seconds * 1000;
      for (let paints = -1; state.pending > 0 || paints !== state.paints; ) {
        if (performance.now() > end) throw new Error(`the picture moved for more than ${seconds} s`);
        paints = state.paints;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    paints: () => state.paints,
    mouseUp: () => state.mouseUp,
    /** Where the plot is, in CSS pixels of the page. */
    box() {
      state.canvas.scrollIntoView({ block: "center" });
      const { left, top, width, height } = state.canvas.getBoundingClientRect();
      return { left, top, width, height };
    },
  };
})();
