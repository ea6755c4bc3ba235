// What was thrown, as a line of the log or an error reply tells it.

/** The message; whatever it is where it is no error. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The C library's words for a failed system call, which tools match on; otherwise the error's own message. */
export function systemErrorText(thrown: unknown): string {
  if (thrown instanceof Deno.errors.NotFound) return "No such file or directory";
  if (thrown instanceof Deno.errors.PermissionDenied) return "Permission denied";
  if (thrown instanceof Deno.errors.NotADirectory) return "Not a directory";
  if (thrown instanceof Deno.errors.IsADirectory) return "Is a directory";
  if (thrown instanceof Deno.errors.AlreadyExists) return "File exists";
  // "No space left on device (os error 28): ..." and the like.
  return errorText(thrown).replace(/ \(os error \d+\).*$/s, "");
}
