import { errorBox } from "./dom.js";
import { view } from "./viewer.js";

export default {
  render({ model, el }) {
    try {
      return view({ model, el });
    } catch (problem) {
      const error = errorBox();
      error.show("The viewer could not start.", String(problem.stack ?? problem));
      el.append(error);
      return undefined;
    }
  },
};
