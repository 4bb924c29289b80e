import { CONTROLS } from "./styles/controls";
import { LEGEND } from "./styles/legend";
import { PANELS } from "./styles/panels";
import { PLOT } from "./styles/plot";
import { STATUS } from "./styles/status";
import { THEME } from "./styles/theme";
import { TOOLBAR } from "./styles/toolbar";

/** The widget's style sheet, inside its shadow root. */
export const STYLES = [THEME, CONTROLS, TOOLBAR, PLOT, LEGEND, STATUS, PANELS].join("");
