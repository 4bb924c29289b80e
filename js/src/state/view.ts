import { type Signal, signal } from "@preact/signals-core";

/** What belongs to one view of a widget and not to the others. */
export class ViewState {
  /** The outline being drawn, x0, y0, x1, y1, … in CSS pixels of the plot; null when none is. */
  readonly outline: Signal<readonly number[] | null> = signal(null);
  /** Whether the legend is open where the plot is too narrow to show it always. */
  readonly legendOpen: Signal<boolean> = signal(false);
  /** Whether the field search is open. */
  readonly searchOpen: Signal<boolean> = signal(false);
  /** Whether the menu of datasets is open. */
  readonly datasetsOpen: Signal<boolean> = signal(false);
  /** Whether the menu of settings is open. */
  readonly settingsOpen: Signal<boolean> = signal(false);
}
