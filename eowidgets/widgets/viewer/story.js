import { view } from "./viewer.js";
import { tell } from "./story.js";
