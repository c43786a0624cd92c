import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostAnswerError } from '../../../src/host/errors.ts';
import { parseOsLook } from '../../../src/host/os-look-parse.ts';
import { A, B, C, OsRoot } from './os-fixture.ts';

let root: OsRoot;
beforeEach(() => {
  root = new OsRoot();
});
afterEach(() => root.remove());

const LOOK = 'OSTREE_SECONDS=20; (os_look)';
const ask = (script: string): Buffer => Buffer.from(root.run(`${script}; ${LOOK}`));

/** As rpm-ostree prints it (keys in any order, a space before the colon, no line break at the end), for an OCI origin. */
const STATUS = `{"deployments" : [ { "unlocked" : "none", "base-commit-meta" : { "ostree.manifest" : "{\\"a\\":1}" }, "pinned" : false, "osname" : "fedora-coreos",
 "checksum" : "${B.slice(0, 64)}", "serial" : 0, "staged" : true, "booted" : false, "version" : "44.2", "timestamp" : 1797768000, "requested-packages" : [ "vim" ],
 "container-image-reference" : "ostree-image-signed:docker://quay.io/fedora/fedora-coreos:stable", "container-image-reference-digest" : "sha256:${'9'.repeat(64)}" },
 { "checksum" : "${A.slice(0, 64)}", "serial" : 0, "staged" : false, "booted" : true, "pinned" : true, "origin" : "fedora:fedora/x86_64/coreos/stable", "base-checksum" : "${C.slice(0, 64)}", "unlocked" : "transient\\u001b[2J" } ],
 "transaction" : [ "Deploy", ":1.34", "/org/x" ], "cached-update" : null, "update-driver" : { "driver-name" : "Zincati", "driver-sd-unit" : "zincati.service" } }`;
const WITH_STATUS = `make_os armed; deployments '${B} staged locked' '${A} pinned'; cat >"$FAKE/status" <<'END'\n${STATUS}\nEND
printf '#!/bin/bash\\ncat %q\\n' "$FAKE/status" >"\${PATH%%:*}/rpm-ostree"`;

describe('a look at the host', () => {
  it('has both programs’ words of every deployment: the lock is ostree’s', () => {
    const seen = parseOsLook(ask(WITH_STATUS));
    expect(seen.deployments).toEqual([
      {
        name: B,
        osname: 'fedora-coreos',
        checksum: B.slice(0, 64),
        serial: 0,
        index: 0,
        booted: false,
        staged: true,
        pinned: false,
        locked: true,
        version: '44.2',
        timestamp: 1797768000,
        refspec: undefined,
        image: {
          reference: 'ostree-image-signed:docker://quay.io/fedora/fedora-coreos:stable',
          digest: `sha256:${'9'.repeat(64)}`,
        },
        baseChecksum: B.slice(0, 64),
        layered: ['vim'],
        unlocked: 'none',
      },
      expect.objectContaining({
        name: A,
        booted: true,
        pinned: true,
        locked: false,
        refspec: 'fedora:fedora/x86_64/coreos/stable',
        image: undefined,
        baseChecksum: C.slice(0, 64),
        unlocked: 'transient [2J',
      }),
    ]);
    expect(seen).toMatchObject({ transaction: 'Deploy', driver: 'Zincati', failure: [], booted: A, bootId: 'boot-1' });
    expect(seen.freeBytes.var).toBeGreaterThan(0);
    expect(seen.zincati).toEqual({ active: 'inactive', enabled: 'enabled', status: '', isHeldBySlot: true });
    const held = parseOsLook(ask(`${WITH_STATUS}; make_os armed; printf '44.2 44.3\\n' >"$ZINCATI_HELD"`));
    expect(held.zincati).toMatchObject({ isHeldBySlot: true, heldFor: '44.2 44.3' });
    expect(seen.inhibitors).toEqual([]);
  });

  it('tells of the open slot, of those of before, and of denied releases', () => {
    const trial = `${WITH_STATUS}; make_os applied; printf 'deadline\\n' >"$OPEN/cause"; uptime_seconds; echo $((REPLY + 50)) >"$RUN/deadline.os1"`;
    const { slot } = parseOsLook(ask(trial));
    expect(slot).toMatchObject({
      id: 'os1',
      run: 'run-1',
      owner: 'me',
      state: 'applied',
      action: 'upgrade',
      from: A,
      to: B,
      toVersion: '44.2',
      cause: 'deadline',
      trialBoot: 'boot-2',
    });
    expect(slot?.deadlineInSec).toBeGreaterThan(40);
    const back = `${trial}; deployments ${B} '${A} pinned'; now_booted ${B} boot-2; (revert_request os1 checks 'no answer') >/dev/null; printf 'more\\nwords\\n' >>"$OPEN/report"
      now_booted ${A} boot-3; BOOTING=1; read_os_slot; (os_settle) >/dev/null`;
    const seen = parseOsLook(ask(back));
    expect(seen.slot).toBeUndefined();
    expect(seen.past).toMatchObject([
      {
        id: 'os1',
        state: 'reverted',
        cause: 'deadline',
        generation: 1,
        from: A,
        fromVersion: '44.1',
        to: B,
        target: B.slice(0, 64),
      },
    ]);
    const denied = `make_os armed; deny ${B.slice(0, 64)} x 44.2 checks $'two\\nlines' run-1`;
    expect(parseOsLook(ask(denied)).denied).toMatchObject([
      { checksum: B.slice(0, 64), target: 'x', version: '44.2', cause: 'checks', reason: 'two lines', run: 'run-1' },
    ]);
  });

  it('is an answer also when rpm-ostree fails, and none when it was cut off', () => {
    const seen = parseOsLook(
      ask(
        'make_os armed; deployments x; printf "#!/bin/bash\\necho error: no daemon >&2; exit 1\\n" >"${PATH%%:*}/rpm-ostree"',
      ),
    );
    expect(seen.deployments).toEqual([]);
    expect(seen.failure).toEqual(['error: no daemon', 'rpm-ostree status ended with exit code 1']);
    const whole = ask(WITH_STATUS);
    for (let length = 0; length < whole.length; length += 97)
      expect(() => parseOsLook(whole.subarray(0, length)), String(length)).toThrow(HostAnswerError);
  });
});
