// A small HTTP client on node:http, since fetch can neither use a Unix socket nor choose how a body is framed.
import http from 'node:http';

const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 64 });

/**
 * `chunked`: send the body without a Content-Length. `timeoutMs`: fails if no byte arrives for that long. Returns {
 * status, headers, bytes, text, json }.
 */
export function request(url, { method = 'GET', headers = {}, body, socketPath, chunked = false, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const framing = body !== undefined && !chunked ? { 'Content-Length': Buffer.byteLength(body) } : {};
    const outgoing = http.request(url, {
      method, socketPath, headers: { ...framing, ...headers }, agent: socketPath ? undefined : keepAlive,
    });
    let answered = false;
    if (timeoutMs) outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`nothing for ${timeoutMs} ms`)));
    outgoing.on('response', (response) => {
      const parts = [];
      answered = true;
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(parts);
        const text = bytes.toString();
        resolve({ status: response.statusCode, headers: response.headers, bytes, text, get json() { return JSON.parse(text); } });
      });
    });
    // A server may answer and close while a long body is still being written; the answer counts.
    outgoing.on('error', (error) => answered || reject(error));
    if (chunked && body !== undefined) outgoing.write(body);
    outgoing.end(chunked ? undefined : body);
  });
}
