// What LOLWUT draws: sporks, scattered over a field, other ones each time.

const SPORK = ["|||", "\\_/", " | ", " | "];
const SIZE_MAX = 200;

/** A drawing of `columns` x `rows` characters (each 1 to 200); the seed picks the places. */
export function drawing(columns: number, rows: number, seed: number): string {
  const width = Math.min(SIZE_MAX, Math.max(1, columns));
  const height = Math.min(SIZE_MAX, Math.max(1, rows));
  const field = Array.from({ length: height }, () => new Array<string>(width).fill(" "));
  let state = seed >>> 0;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const count = Math.ceil(width * height / 60);
  for (let i = 0; i < count; i++) {
    const left = next(width) - 1;
    const top = next(height) - 1;
    SPORK.forEach((line, y) => {
      [...line].forEach((character, x) => {
        if (character !== " " && field[top + y]?.[left + x] !== undefined) {
          field[top + y][left + x] = character;
        }
      });
    });
  }
  return field.map((line) => line.join("").trimEnd()).join("\n") + "\n";
}
