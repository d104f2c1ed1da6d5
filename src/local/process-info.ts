/**
 * What the kernel knows of a process, from proc(5). Where there is no /proc, `ps` tells the start time, and the rest is
 * unknown (null).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const HAS_PROC = existsSync('/proc/self/stat');
/** USER_HZ: the unit of utime and stime, 100 on every Linux architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Stat {
  state: string;
  session: number;
  cpuTicks: number;
  startTicks: number;
}

/**
 * Tells this process from every other one that had or will have the same pid: boot and start time. Null: it does not
 * run (a zombie does not).
 */
export function processIdentity(pid: number): string | null {
  if (!HAS_PROC) return identityFromPs(pid);
  const stat = readStat(pid);
  return stat === null ? null : `${bootId()}:${stat.startTicks}`;
}

export interface ProcessUsage {
  /** CPU time of the process and its descendants since they started. */
  cpuSeconds: number;
  residentBytes: number;
}

export function processUsage(pid: number): ProcessUsage | null {
  if (!HAS_PROC || readStat(pid) === null) return null;
  const usage = { cpuSeconds: 0, residentBytes: 0 };
  for (const member of descendants(pid)) {
    usage.cpuSeconds += (readStat(member)?.cpuTicks ?? 0) / TICKS_PER_SECOND;
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readText(`/proc/${member}/status`))?.[1];
    usage.residentBytes += Number(kilobytes ?? 0) * 1024;
  }
  return usage;
}

/** Whether the process or a descendant listens on the TCP port; null: the system does not tell. */
export function listensOn(pid: number, port: number): boolean | null {
  if (!HAS_PROC) return null;
  const inodes = listeningInodes(pid, port);
  try {
    return descendants(pid).some((member) =>
      readdirSync(`/proc/${member}/fd`).some((fd) => {
        const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${member}/fd/${fd}`))?.[1];
        return inode !== undefined && inodes.has(inode);
      }),
    );
  } catch {
    return null;
  }
}

/** The leaders of the sessions whose environment holds `NAME=value`; empty where there is no /proc. */
export function findByEnvironment(name: string, value: string): number[] {
  return membersByEnvironment(name, value).filter((pid) => readStat(pid)?.session === pid);
}

/** Every process whose environment holds `NAME=value`. */
export function membersByEnvironment(name: string, value: string): number[] {
  if (!HAS_PROC) return [];
  const wanted = `${name}=${value}`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => readText(`/proc/${entry}/environ`).split('\0').includes(wanted))
    .map(Number);
}

function readStat(pid: number): Stat | null {
  const text = readText(`/proc/${pid}/stat`);
  // The command's name, in parentheses, may hold blanks and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0] ?? '';
  if (fields.length < 20 || state === 'Z' || state === 'X') return null;
  return {
    state,
    session: Number(fields[3]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks: Number(fields[19]),
  };
}

function descendants(pid: number): number[] {
  const found = [pid];
  for (const member of found) {
    const children = readText(`/proc/${member}/task/${member}/children`).trim();
    if (children !== '') found.push(...children.split(' ').map(Number));
  }
  return found;
}

/** Sockets in state LISTEN (0A) on the port, in the network namespace of the process. */
function listeningInodes(pid: number, port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = ['tcp', 'tcp6'].flatMap((table) => readText(`/proc/${pid}/net/${table}`).split('\n'));
  const rows = lines.map((line) => line.trim().split(/\s+/));
  return new Set(rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === '0A').map((row) => row[9] ?? ''));
}

let boot: string | null = null;
function bootId(): string {
  boot ??= readText('/proc/sys/kernel/random/boot_id').trim();
  return boot;
}

function identityFromPs(pid: number): string | null {
  try {
    const args = ['-o', 'stat=,lstart=', '-p', String(pid)];
    const line = execFileSync('ps', args, { encoding: 'utf8', timeout: 2_000, stdio: ['ignore', 'pipe', 'ignore'] });
    const [state, ...started] = line.trim().split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? null : started.join(' ');
  } catch {
    return null;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
