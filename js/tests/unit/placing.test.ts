import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { besideAnchor, besideSpot } from "../../src/ui/placing";

const bounds = { left: 0, top: 0, right: 400, bottom: 300 };

describe("a panel", () => {
  const anchor = { left: 20, top: 10, right: 60, bottom: 40 };

  it("hangs below what opened it", () => {
    expect(besideAnchor(anchor, { width: 100, height: 100 }, bounds)).toEqual({ left: 20, top: 44, maxHeight: 256 });
  });

  it("stands above where there is no room below", () => {
    const low = { ...anchor, top: 240, bottom: 280 };
    expect(besideAnchor(low, { width: 100, height: 100 }, bounds)).toEqual({ left: 20, top: 136, maxHeight: 236 });
  });

  it("is moved to the left where it would stick out to the right", () => {
    const right = { ...anchor, left: 380, right: 398 };
    expect(besideAnchor(right, { width: 100, height: 100 }, bounds).left).toBe(300);
  });

  it("never leaves its bounds, whatever the sizes", () => {
    const length = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(length, length, length, fc.integer({ min: 0, max: 1000 }), (x, y, width, height) => {
        const at = { left: x, right: x + 20, top: Math.min(y, 280), bottom: Math.min(y, 280) + 20 };
        const { left, top, maxHeight } = besideAnchor(at, { width, height }, bounds);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left + width).toBeLessThanOrEqual(400);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(top + Math.min(height, maxHeight)).toBeLessThanOrEqual(300);
      }),
    );
  });
});

describe("a label at a spot", () => {
  const size = { width: 100, height: 40 };
  const plot = { width: 400, height: 300 };

  it("is above it, in its middle", () => {
    expect(besideSpot([200, 150], size, plot, 10)).toEqual({ left: 150, top: 100 });
  });

  it("is below it at the upper edge, and keeps to the plot at the sides", () => {
    expect(besideSpot([200, 20], size, plot, 10)).toEqual({ left: 150, top: 30 });
    expect(besideSpot([5, 150], size, plot, 10)).toEqual({ left: 0, top: 100 });
    expect(besideSpot([395, 150], size, plot, 10)).toEqual({ left: 300, top: 100 });
  });

  it("is at its side where there is room neither above nor below", () => {
    const flat = { width: 400, height: 60 };
    expect(besideSpot([200, 30], size, flat, 10)).toEqual({ left: 210, top: 10 });
    expect(besideSpot([350, 30], size, flat, 10)).toEqual({ left: 240, top: 10 });
  });

  it("is nowhere where it would hide what it is about", () => {
    expect(besideSpot([50, 30], { width: 90, height: 50 }, { width: 100, height: 60 }, 10)).toBeNull();
  });

  it("is inside the plot and clear of the spot, or nowhere", () => {
    const length = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(length, length, length, length, fc.nat(60), (width, height, labelWidth, labelHeight, gap) => {
        const spot = [width / 3, height / 2] as const;
        const label = { width: labelWidth, height: labelHeight };
        const place = besideSpot(spot, label, { width, height }, gap);
        if (place === null) return;
        const { left, top } = place;
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
        expect(left + labelWidth).toBeLessThanOrEqual(width);
        expect(top + labelHeight).toBeLessThanOrEqual(height);
        const dx = Math.max(left - spot[0], spot[0] - left - labelWidth, 0);
        const dy = Math.max(top - spot[1], spot[1] - top - labelHeight, 0);
        expect(Math.hypot(dx, dy)).toBeGreaterThanOrEqual(gap - 1e-9);
      }),
    );
  });
});
