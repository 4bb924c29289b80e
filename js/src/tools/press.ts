import type { Combine, ToolName } from "../state/store";

/** A button of the pointer with what is held on the keyboard. */
export interface Press {
  /** 0 the left one. */
  readonly button: number;
  readonly shift: boolean;
  readonly alt: boolean;
  /** Ctrl or Cmd. */
  readonly ctrl: boolean;
  readonly space: boolean;
}

/** What a press begins. */
export interface Meant {
  readonly tool: ToolName | "pan";
  readonly combine: Combine;
}

/**
 * What a press means with a tool in hand.
 *
 * With a tool that selects, Shift adds, Alt or Ctrl subtracts, Shift and Alt intersect. While navigating, Alt begins a
 * quick lasso, and in a plane Shift does: which combines as the toolbar says, or as the second key does. In an orbit
 * Shift pans. Any other button, or Space, pans with every tool.
 *
 * @param combine what the toolbar says
 */
export function meaningOf(press: Press, tool: ToolName, axes: 2 | 3, combine: Combine): Meant {
  const { button, shift, alt, ctrl, space } = press;
  if (button !== 0 || space) return { tool: "pan", combine };
  if (tool !== "navigate") {
    if (shift && alt) return { tool, combine: "intersect" };
    if (alt || ctrl) return { tool, combine: "subtract" };
    return { tool, combine: shift ? "add" : combine };
  }
  if (alt && shift) return { tool: "lasso", combine: "intersect" };
  if (alt || (shift && axes === 2)) return { tool: "lasso", combine: ctrl ? "subtract" : combine };
  return { tool: shift ? "pan" : "navigate", combine };
}
