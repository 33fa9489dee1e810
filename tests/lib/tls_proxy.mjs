// A TLS reverse proxy as people put in front of Convwire, with typical configuration mistakes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Creates a certificate authority and a certificate for localhost, as files in a folder: { ca, key, cert }. */
export function makeCertificates(dir, { days = 90 } = {}) {
  const file = (name) => path.join(dir, name);
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '365', '-subj', '/CN=scenario CA', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', file('leaf.key'), '-out', file('leaf.csr'));
  openssl('x509', '-req', '-in', file('leaf.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', String(days),
    '-copy_extensions', 'copy', '-out', file('leaf.pem'));
  return { ca: file('ca.pem'), key: file('leaf.key'), cert: file('leaf.pem') };
}

export class TlsProxy {
  /** What it does wrong: refuseOver (bytes, 413), cutAfter (bytes; the rest is lost), noUpgrade, noQuery. */
  faults = {};

  /** ports: an object with httpPort and wsPort, read for each request. */
  constructor(certificates, ports) {
    this.ports = ports;
    this.server = https.createServer({ key: readFileSync(certificates.key), cert: readFileSync(certificates.cert) },
      (request, response) => this.#forward(request, response));
    this.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  async start() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `https://localhost:${this.port}`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  async #forward(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    let body = Buffer.concat(parts);
    if (body.length > this.faults.refuseOver) {
      response.writeHead(413, { Server: 'scenario-proxy' }).end();
      return;
    }
    if (this.faults.cutAfter !== undefined) body = body.subarray(0, this.faults.cutAfter);
    const where = this.faults.noQuery ? request.url.split('?')[0] : request.url;
    const outgoing = http.request({ host: '127.0.0.1', port: this.ports.httpPort, path: where, method: request.method,
      headers: { ...request.headers, 'content-length': body.length } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.writeHead(502).end());
    outgoing.end(body);
  }

  #upgrade(request, socket, head) {
    socket.on('error', () => {});
    if (this.faults.noUpgrade || !request.url.startsWith('/mqtt')) {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const other = net.connect(this.ports.wsPort, '127.0.0.1', () => {
      const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
      other.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      other.write(head);
      socket.pipe(other).pipe(socket);
    });
    for (const [one, another] of [[other, socket], [socket, other]]) {
      one.on('error', () => {});
      one.on('close', () => another.destroy());
    }
  }
}
