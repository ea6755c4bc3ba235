// A commands plugin: answers commands outside the server's loop. This version of Spork starts such plugins but sends
// them no command yet.
import type { CommandsFactory } from "../../types.ts";

const commands: CommandsFactory = () => ({
  run(args) {
    if (args.length !== 2) throw new Error("ERR wrong number of arguments");
    return args[1].slice().reverse();
  },
});
export default commands;
