// The text of INFO as it grows: headings and `name:value` lines. The section files write to it.

export class Lines {
  private text = "";

  title(title: string): void {
    if (this.text !== "") this.text += "\r\n";
    this.text += `# ${title}\r\n`;
  }

  add(name: string, value: string | number): void {
    this.text += `${name}:${value}\r\n`;
  }

  /** As `add`, with a second line `name_human` that has a unit. */
  addBytes(name: string, bytes: number): void {
    this.add(name, bytes);
    this.add(`${name}_human`, human(bytes));
  }

  toString(): string {
    return this.text;
  }
}

/** Bytes with a unit, as Valkey prints them: "1.50M". */
export function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const units = ["K", "M", "G", "T", "P"];
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${units[unit]}`;
}

export function percent(part: number, whole: number): string {
  return `${whole <= 0 ? "0.00" : (part * 100 / whole).toFixed(2)}%`;
}
