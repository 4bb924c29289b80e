import type { Camera } from "../scene/camera";
import type { Combine, Store } from "../state/store";
import type { ViewState } from "../state/view";

/** What a tool works on. */
export interface ToolContext {
  readonly store: Store;
  readonly view: ViewState;
  readonly camera: Camera;
}

/** A pointer in CSS pixels of the plot. */
export interface PointerAt {
  readonly x: number;
  readonly y: number;
}

/** One drag, from press to release. */
export interface Gesture {
  move(to: PointerAt): void;
  end(): void;
  cancel(): void;
}

/** A tool begins a gesture where the pointer is pressed. */
export type Tool = (context: ToolContext, from: PointerAt, combine: Combine) => Gesture;
