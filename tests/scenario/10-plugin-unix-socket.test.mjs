// Clients on a Unix socket have no address in some versions, like sessions without a connection. They still need a
// token.
import assert from 'node:assert/strict';
import path from 'node:path';

import { ACCOUNT } from '../lib/system.mjs';
import { conv, everyConv, scenario } from '../lib/broker.mjs';
import { RawClient } from '../lib/raw_mqtt.mjs';

for (const version of [4, 5]) {
  const refused = version === 5 ? 135 : 5;

  scenario(`a Unix socket does not avoid the token, MQTT ${version === 5 ? 5 : '3.1.1'}`, async (broker) => {
    await broker.init();
    const socketPath = path.join(broker.dir, 'broker.sock');
    broker.linesBeforePlugin = [`listener 0 ${socketPath}`];
    await broker.start();
    const open = () => RawClient.open({ socketPath }, { version });
    const tries = async (options) => {
      const client = await open();
      const code = await client.connect(options);
      await client.drop();
      return code;
    };
    const clientId = `${ACCOUNT}:ann:tab1`;
    const username = `${ACCOUNT}/ann`; // the username that the plugin sets from a token

    for (const options of [{ clientId, username }, { clientId, username, token: 'x' }, { clientId: '', username },
      { clientId, username: '_system/publisher' }, { clientId, username: undefined }]) {
      assert.equal(await tries(options), refused, JSON.stringify(options));
    }
    const ann = await open();
    assert.equal(await ann.connect({ clientId, token: broker.token() }), 0);
    assert.equal(await ann.subscribe(everyConv()), 1);
    await broker.voice.say(conv(), 'to ann');
    await ann.until(() => ann.packets.some(({ cmd, payload }) => cmd === 'publish' && `${payload}` === 'to ann'), 'the message');

    // Disconnected, but its session is known: the next client at the same address in the broker's memory must be
    // checked, too.
    await ann.drop();
    for (let i = 0; i < 5; i++) assert.equal(await tries({ clientId, username }), refused);
    await broker.reload();
    assert.equal(await tries({ clientId, username }), refused, 'after SIGHUP');
  });
}
