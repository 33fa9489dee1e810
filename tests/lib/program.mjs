// A process started by a scenario: its output, its readiness, its end. Only such processes are ever stopped.
import { spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';

import { Changing } from './until.mjs';

export class Program extends Changing {
  stdout = '';
  stderr = '';
  ready = ''; // what was written to --ready-fd
  end = null; // { code, signal }

  /** `readyFd`: gives the program file descriptor 3 for reporting that it is ready. */
  constructor(name, file, args, { readyFd = false, env = {}, input } = {}) {
    super();
    this.name = name;
    this.child = spawn(file, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(readyFd ? ['pipe'] : [])],
      env: { ...process.env, ...env },
    });
    this.pid = this.child.pid;
    this.child.stdout.setEncoding('utf8').on('data', (text) => this.#take('stdout', text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => this.#take('stderr', text));
    if (readyFd) this.child.stdio[3].setEncoding('utf8').on('data', (text) => this.#take('ready', text));
    if (input !== undefined) this.child.stdin.end(input);
    this.child.on('error', (error) => this.#finish(`cannot be run: ${error.message}`, null));
    this.child.on('close', (code, signal) => this.#finish(code, signal));
  }

  #take(stream, text) {
    this[stream] += text;
    this.changed();
  }

  #finish(code, signal) {
    this.end ??= { code, signal };
    this.changed();
  }

  /** Waits for output; it is an error if the program ends first. */
  async says(pattern, stream = 'stdout') {
    return this.until(() => {
      const match = this[stream].match(pattern);
      if (!match && this.end) throw new Error(`${this.name} ended (${JSON.stringify(this.end)}): ${this.stderr}`);
      return match;
    }, `${this.name} says ${pattern}`);
  }

  async ended() {
    return this.until(() => this.end, `${this.name} ends`);
  }

  async stop(signal = 'SIGTERM') {
    if (!this.end) this.child.kill(signal);
    return this.ended();
  }
}

/** Runs a program to its end. */
export async function run(name, file, args, options) {
  const program = new Program(name, file, args, options);
  const { code } = await program.ended();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/**
 * Ports that the kernel reports as free, all different. Another process may take them first; callers then try again.
 */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise((resolve, reject) => {
      const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => resolve(server));
    })),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/**
 * Other programs' listeners on these ports. `heard`: what they received, a string per chunk. `free` ends them.
 */
export async function occupy(...ports) {
  const heard = [];
  const sockets = new Set();
  const servers = await Promise.all(ports.map((port) => new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('data', (bytes) => heard.push(bytes.toString('latin1'))).on('error', () => {}).on('close', () => sockets.delete(socket));
    });
    server.on('error', reject).listen(port, '127.0.0.1', () => resolve(server));
  })));
  const free = () => {
    for (const socket of sockets) socket.destroy();
    return Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  };
  return { heard, free };
}

/** Does somebody listen there? */
export function listens(port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1').on('connect', () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
  });
}
