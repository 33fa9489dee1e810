// A TCP proxy on a port chosen by the kernel, whose connections a scenario can cut.
import net from 'node:net';

export class Proxy {
  #pairs = new Set();

  constructor(target) {
    this.target = target; // () => port, which may change after a restart
    this.server = net.createServer((socket) => this.#join(socket));
  }

  async start() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  /** Resets every connection at once. */
  cut() {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  stop() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }

  #join(socket) {
    const other = net.connect(this.target(), '127.0.0.1');
    const pair = [socket, other];
    this.#pairs.add(pair);
    for (const one of pair) {
      one.setNoDelay(true);
      one.on('error', () => {});
      one.on('close', () => {
        this.#pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
    socket.pipe(other);
    other.pipe(socket);
  }
}
