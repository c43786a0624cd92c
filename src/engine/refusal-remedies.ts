/** What to do about each way in which a host refuses or fails a change set. */
import type { HostErrorCode } from '../host/steps.ts';

const REMEDIES: Readonly<Record<HostErrorCode, string>> = {
  receive: 'The link damaged or cut what was sent. Run the same command again.',
  booted: 'The host was rebooted since it was looked at. Run the same command again.',
  stale: 'Somebody changed the file since it was looked at. Run the same command again: it plans anew.',
  locked: 'Another change of this host is going on. Wait for it, or see who: run status.',
  'missing-folder': 'Describe the folder as a directory resource of the role, before the file.',
  'unsafe-folder': 'Nobody but root may write in a folder that we write in. Correct its mode or owner on the host.',
  symlink: 'We never write through a symlink. Look at it on the host and move it away.',
  'image-missing': 'Correct the image name, or see why the host cannot pull it: sudo podman pull IMAGE on the host.',
  'podman-secret': 'See on the host: sudo podman secret ls, and journalctl -b; is /var full?',
  owner: 'Name a user or group that exists on the host.',
  label: 'SELinux refused the label. See on the host: sudo ausearch -m avc -ts recent',
  validation: 'Correct what the program complains about, then run the same command again.',
  quadlet: 'Correct the quadlet; this podman may be older than a key that it uses (podman-systemd.unit(5)).',
  'no-space': 'Make room on the host (df -h), e.g. sudo podman image prune, then run the same command again.',
  'read-only': 'The file system is mounted read-only. See on the host: findmnt, and journalctl -k for disk errors.',
  immutable: 'The file or folder has the immutable or append-only attribute. See lsattr; remove it with chattr -i -a.',
  'write-failed': 'See the words above and journalctl -k on the host for disk errors.',
  'no-go': 'The peers could not be proven in time. Run the same command again.',
  'daemon-reload': 'See on the host: systemctl status, and journalctl -b -p warning',
  'unit-failed': 'Correct what the unit complains about, then run the same command again.',
  'command-failed': 'Correct the command resource, then run the same command again.',
  'revert-failed':
    'The host keeps trying by itself. Look at it: run status, and journalctl -u coreos-infra-guard on the host.',
  'no-slot': 'Nothing is open on the host. See how the change ended: run generations.',
  'other-slot': 'Another change set is open on the host. See: run status.',
  'not-applied': 'The host has undone the change, or is about to. See: run status.',
  record:
    'The record of the change set on the host is damaged. See docs/protocol.md, and look at the host before you go on.',
  helper: 'The helper on the host is of another version: run the same command again, it installs its own.',
  'no-guard':
    'The guard does not run: see on the host systemctl status coreos-infra-guard.path coreos-infra-guard.service. Nothing is changed without it.',
  serves: 'The host serves again: run the same command again, with its peers reachable.',
  inhibitor: 'See on the host: systemd-inhibit --list, and systemctl status "coreos-infra-inhibit-*"',
  hold: 'See the words above, and on that host: systemctl status "coreos-infra-hold-*"',
  install: 'See the words above; /usr/local and /etc/systemd/system must be writable.',
  'self-test': 'The host lacks something that a revert needs. See the words above, and docs/protocol.md.',
  'reconcile-failed': 'The files of the confirmed generation do not fit this OS. See docs/protocol.md and run status.',
  ostree: 'See the words above, and on the host: rpm-ostree status, journalctl -b -u rpm-ostreed.',
  zincati:
    'Zincati must not act meanwhile. See on the host: systemctl status zincati, then run the same command again.',
  transaction: 'Wait for it, or end it on the host: rpm-ostree status, sudo rpm-ostree cancel.',
  staged: 'See on the host: rpm-ostree status. What nobody wants any more is dropped by: sudo rpm-ostree cleanup -p',
  'stage-failed': 'See the words of rpm-ostree above; the host runs its old OS, untouched.',
  'not-on-disk': 'The deployment was removed meanwhile. See on the host: rpm-ostree status.',
  default: 'Another deployment would be booted than the one that runs. See on the host: rpm-ostree status.',
  inhibited: 'Wait for whoever keeps the host from rebooting: systemd-inhibit --list on the host.',
  usage: 'This is a bug of coreos-infra: please report it.',
};

export function remedyFor(code: HostErrorCode): string {
  // A newer helper may have a code that we do not know.
  return REMEDIES[code] ?? 'See the words above, then run the same command again.';
}
