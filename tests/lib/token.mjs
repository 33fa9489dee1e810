// Valid and forged tokens. Built by hand, since libraries refuse to make most of the bad ones.
import { createHmac, sign as signWith } from 'node:crypto';

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** `algorithm`: ES256 (key: PEM), HS256 (key: bytes) or none. */
export function makeToken({ algorithm, kid, key, claims, header = {} }) {
  const text = `${encode({ alg: algorithm, typ: 'JWT', ...(kid && { kid }), ...header })}.${encode(claims)}`;
  if (algorithm === 'none') return `${text}.`;
  const signature = algorithm === 'HS256'
    ? createHmac('sha256', key).update(text).digest()
    : signWith('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

export function houseClaims({ account, role = 'agent', agent = 'ann', ttl = 900, now = Math.floor(Date.now() / 1000) }) {
  return { iss: 'convwire', account, sub: agent, role, iat: now, exp: now + ttl };
}
