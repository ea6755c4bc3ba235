// Those who wait until a position of the stream has been reached. The log asks it on; new bytes that come meanwhile are not
// waited for.
interface Waiter {
  offset: number;
  /** What has to reach it. */
  position: () => number;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class OffsetWaiters {
  private waiting: Waiter[] = [];

  /** Resolves once `position()` is at `offset`; `progressed` looks. Rejects at `failed`. */
  until(offset: number, position: () => number): Promise<void> {
    if (position() >= offset) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ offset, position, resolve, reject }));
  }

  progressed(): void {
    if (this.waiting.length === 0) return;
    this.waiting = this.waiting.filter(({ offset, position, resolve }) => {
      if (position() < offset) return true;
      resolve();
      return false;
    });
  }

  failed(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}
