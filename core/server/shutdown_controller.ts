// Ending the server: SHUTDOWN, SIGTERM and SIGINT come here. Saves where that is configured, stops what runs, says
// goodbye in the log in the words that supervisors and test suites wait for.
import type { CommandClient } from "../commands/command_client.ts";
import type { Server } from "./server.ts";

export interface ShutdownOptions {
  /** "default": save where save points are configured. */
  save: "default" | "yes" | "no";
  /** Do not wait for replicas. */
  now: boolean;
  /** End even where saving fails. */
  force: boolean;
}

export class ShutdownController {
  /** True once the server is ending; nothing takes that back. */
  ending = false;

  /** DEBUG PAUSE-CRON: a signal is only noted. */
  waitsForCron = false;
  /** What a signal asked for while cron was paused. */
  #noted: ShutdownOptions | null = null;

  constructor(private readonly server: Server) {}

  /** Takes back a shutdown that still waits; false where there is none. */
  abort(): boolean {
    if (this.#noted === null) return false;
    this.#noted = null;
    this.server.log.notice("Shutdown manually aborted.");
    return true;
  }

  /** Begins what was noted. */
  cron(): void {
    const options = this.#noted;
    if (options === null) return;
    this.#noted = null;
    this.#begin(options);
  }

  /** SHUTDOWN. The client gets an error where saving failed, otherwise its connection just ends. */
  request(options: ShutdownOptions, client: CommandClient): void {
    this.server.log.warning("User requested shutdown...");
    if (!this.prepare(options)) {
      client.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
      return;
    }
    void this.finish();
  }

  /** A signal asked for the end. The second one ends the process at once. */
  signal(name: "SIGTERM" | "SIGINT"): void {
    const { log, config } = this.server;
    if (this.ending) {
      if (name === "SIGTERM") return;
      log.warning("You insist... exiting now.");
      this.server.exit(1);
    }
    log.warning(`Received ${name} scheduling shutdown...`);
    const words: readonly string[] = name === "SIGTERM"
      ? config.values.shutdownOnSigterm
      : config.values.shutdownOnSigint;
    const options: ShutdownOptions = {
      save: words.includes("nosave") ? "no" : words.includes("save") ? "yes" : "default",
      now: words.includes("now"),
      force: words.includes("force"),
    };
    if (this.waitsForCron) this.#noted = options;
    else this.#begin(options);
  }

  #begin(options: ShutdownOptions): void {
    if (this.prepare(options)) void this.finish();
    else {
      this.server.log.warning(
        "Errors trying to shut down the server. Check the logs for more information.",
      );
    }
  }

  /** Stops a running save and writes the last snapshot. False: the server must go on. */
  private prepare(options: ShutdownOptions): boolean {
    const { log, saves, config, aof } = this.server;
    if (aof.rewriter.running && aof.state === "awaiting-rewrite") {
      // The log has nothing yet, and what changes meanwhile is nowhere else.
      if (!options.force) {
        log.warning("Writing initial AOF, can't exit.");
        return false;
      }
      log.warning("Writing initial AOF. Exit anyway.");
    }
    if (aof.rewriter.running) log.warning("There is a child rewriting the AOF. Killing it!");
    if (saves.running === "thread") log.warning("There is a thread saving an .rdb. Cancelling it!");
    else if (saves.running === "fork") log.warning("There is a child saving an .rdb. Killing it!");
    saves.cancel();
    const wanted = options.save === "yes" || (options.save === "default" && config.values.save.length > 0);
    // Half a dataset must not take the place of the file that is being loaded.
    if (wanted && this.server.loading === null) {
      log.notice("Saving the final RDB snapshot before exiting.");
      if (!saves.saveNow()) {
        if (!options.force) {
          log.warning("Error trying to save the DB, can't exit.");
          return false;
        }
        log.warning("Error trying to save the DB, exiting anyway: FORCE was given.");
      }
    }
    this.ending = true;
    return true;
  }

  private async finish(): Promise<void> {
    const { server } = this;
    server.log.notice("Removing the pid file and the unix socket file, closing connections.");
    await server.stop();
    server.log.warning("Spork is now ready to exit, bye bye...");
    server.exit(server.aof.isLost ? 1 : 0);
  }
}
