/// <reference types="@vitest/browser-playwright" />
import { cdp } from "vitest/browser";

const MODIFIERS = { Alt: 1, Ctrl: 2, Shift: 8 } as const;
const BITS = { none: 0, left: 1, right: 2, middle: 4 } as const;

export type Modifier = keyof typeof MODIFIERS;
export type Button = Exclude<keyof typeof BITS, "none">;
export type At = readonly [number, number];

/** The browser's own mouse, so that capture, chords and scrolling are what a person gets. Positions are `clientX`, `clientY`. */
class Mouse {
  private at: At = [0, 0];
  private buttons = 0;
  private held: readonly Modifier[] = [];

  hold(...modifiers: Modifier[]): void {
    this.held = modifiers;
  }

  /** No key and no button is held any more. */
  async letGo(): Promise<void> {
    this.held = [];
    for (const button of ["left", "right", "middle"] as const)
      if (this.buttons & BITS[button]) await this.release(button);
  }

  async move(...path: At[]): Promise<void> {
    for (const at of path) {
      this.at = at;
      const down = (Object.keys(BITS) as (keyof typeof BITS)[]).find((name) => this.buttons & BITS[name]) ?? "none";
      await this.send("mouseMoved", { button: down });
    }
  }

  async press(button: Button = "left", clickCount = 1): Promise<void> {
    this.buttons |= BITS[button];
    await this.send("mousePressed", { button, clickCount });
  }

  async release(button: Button = "left", clickCount = 1): Promise<void> {
    this.buttons &= ~BITS[button];
    await this.send("mouseReleased", { button, clickCount });
  }

  async click(at: At, button: Button = "left"): Promise<void> {
    await this.move(at);
    await this.press(button);
    await this.release(button);
  }

  async doubleClick(at: At): Promise<void> {
    await this.click(at);
    await this.press("left", 2);
    await this.release("left", 2);
  }

  async drag(path: readonly At[], button: Button = "left"): Promise<void> {
    await this.move(path[0]);
    await this.press(button);
    await this.move(...path.slice(1));
    await this.release(button);
  }

  async wheel(deltaY: number): Promise<void> {
    await this.send("mouseWheel", { deltaX: 0, deltaY });
  }

  private async send(
    type: "mouseMoved" | "mousePressed" | "mouseReleased" | "mouseWheel",
    more: object,
  ): Promise<void> {
    // The tests' frame is scaled into the runner's page.
    const frame = window.frameElement?.getBoundingClientRect() ?? new DOMRect(0, 0, innerWidth, innerHeight);
    const x = frame.left + (this.at[0] * frame.width) / innerWidth;
    const y = frame.top + (this.at[1] * frame.height) / innerHeight;
    const modifiers = this.held.reduce((sum, modifier) => sum + MODIFIERS[modifier], 0);
    await cdp().send("Input.dispatchMouseEvent", { type, x, y, modifiers, buttons: this.buttons, ...more });
  }
}

export const mouse = new Mouse();
