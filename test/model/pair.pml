/*
 * Two hosts that stand in for each other, and two controllers. What slot.pml shows of one host is a single step here.
 *
 * No clock is shared: leases expire, deadlines pass and messages come at any instant; a controller may sleep between any two of its
 * steps, or die. Hosts also break by themselves; that is not our doing, and not to be made worse by us.
 */
#ifndef CUTS
#define CUTS 0
#endif
#ifndef BREAKS
#define BREAKS 0
#endif
#ifndef HEALS
#define HEALS 0
#endif
#define PEER(h) (1 - (h))

/* A host's change set. READY is not durable: prepared, waits for go. */
#define CLOSED 0
#define READY 1
#define CHANGING 2
#define WAITING 3               /* applied, serves, waits for its confirm */
#define UNDOING 4
#define IS_OPEN(h) (slot[h] == CHANGING || slot[h] == WAITING || slot[h] == UNDOING)

byte slot[2], by[2];            /* and whose it is */
bool repairs[2];                /* prepared for a host that did not serve */
byte lease[2];                  /* controller that holds the host: tokens are random, so each one's is its own */
bool sick[2];                   /* does not serve, by itself */
byte cuts, breaks, heals;

/* Ghosts. */
bool served[2];                 /* when its change began */
bool excused[2];                /* broke, or was cut, after the peer said ready: nobody could know */

#define SERVES(h) (!sick[h] && slot[h] != CHANGING && slot[h] != UNDOING)
#define DOWN_BY_US(h) (served[h] && (slot[h] == CHANGING || slot[h] == UNDOING))
#define NEVER_BOTH assert(!(DOWN_BY_US(0) && DOWN_BY_US(1)))

#define QUIET 0
#define PREPARE 1
#define GO 2
#define CONFIRM 3
#define YES 4
#define NO 5
byte message[3], target[3];
bool as_repair[3], ended[3], confirmed[3], reverted[3];

#ifdef NO_FENCE                                       /* R12 */
#define FENCE(h, c) true
#else
#define FENCE(h, c) (lease[h] == (c))
#endif
#ifdef OPEN_SLOT_IGNORED                              /* R11 */
#define FREE(h) (lease[h] == 0)
#else
#define FREE(h) (lease[h] == 0 && !IS_OPEN(h))
#endif
#ifdef NO_RECHECK                                     /* R15: a repair asks again, at go, whether the host still does not serve */
#define STILL_TRUE(h) true
#else
#define STILL_TRUE(h) (!repairs[h] || sick[h])
#endif

inline close(h) { slot[h] = CLOSED; by[h] = 0; served[h] = false; repairs[h] = false }

/* What host h does with a message of controller c. Each is one locked section. */
#define TAKES(h, c) \
  :: atomic { message[c] == PREPARE && target[c] == h -> \
       if \
       :: FENCE(h, c) && slot[h] == CLOSED -> slot[h] = READY; by[h] = c; repairs[h] = as_repair[c]; excused[PEER(h)] = false; message[c] = YES \
       :: else -> message[c] = NO \
       fi } \
  :: atomic { message[c] == GO && target[c] == h -> \
       if \
       :: FENCE(h, c) && slot[h] == READY && by[h] == c && STILL_TRUE(h) -> \
            assert(!SERVES(h) || !IS_OPEN(PEER(h)) || excused[PEER(h)]); \
            served[h] = SERVES(h); slot[h] = CHANGING; message[c] = YES; NEVER_BOTH \
       :: else -> message[c] = NO; if :: slot[h] == READY && by[h] == c -> close(h) :: else fi \
       fi } \
  :: atomic { message[c] == CONFIRM && target[c] == h -> \
       if \
       :: slot[h] == WAITING && by[h] == c -> close(h); sick[h] = false; message[c] = YES \
       :: else -> message[c] = NO \
       fi }

proctype Host(byte h) {
  do
  TAKES(h, 1)
  TAKES(h, 2)
  :: atomic { slot[h] == CHANGING -> slot[h] = WAITING }
  :: atomic { slot[h] == CHANGING || slot[h] == WAITING -> slot[h] = UNDOING; NEVER_BOTH }   /* checks are red, or the guard's deadline */
  :: atomic { slot[h] == UNDOING -> reverted[by[h]] = true; close(h) }
  :: atomic { slot[h] == READY -> close(h) }                                                 /* no go within its time */
  :: atomic { lease[h] != 0 -> lease[h] = 0 }                                                /* nobody renewed it */
  od
}

inline cut(h) {
  lease[h] = 0; excused[h] = true;
  if :: slot[h] == READY -> close(h) :: IS_OPEN(h) -> slot[h] = UNDOING; NEVER_BOTH :: else fi
}

proctype Faults() {
  do
  :: atomic { cuts < CUTS -> cuts++; if :: cut(0) :: cut(1) fi }
  :: atomic { breaks < BREAKS && !sick[0] && !IS_OPEN(0) -> breaks++; sick[0] = true; excused[0] = true }
  :: atomic { breaks < BREAKS && !sick[1] && !IS_OPEN(1) -> breaks++; sick[1] = true; excused[1] = true }
  :: atomic { heals < HEALS && sick[0] && !IS_OPEN(0) -> heals++; sick[0] = false }
  :: atomic { heals < HEALS && sick[1] && !IS_OPEN(1) -> heals++; sick[1] = false }
  :: break
  od
}

#define OR_DIES :: goto over

/* Asks host h for its lease: given, busy, or not reached (perhaps given, and the answer lost). */
#define ACQUIRE(h) \
  if \
  :: atomic { FREE(h) -> lease[h] = c; got[h] = true } \
  :: atomic { !FREE(h) -> busy = true } \
  :: atomic { FREE(h) -> lease[h] = c } \
  :: skip \
  OR_DIES \
  fi

inline release(h) { if :: lease[h] == c && !IS_OPEN(h) -> lease[h] = 0 :: else fi }

proctype Controller(byte c) {
  byte t; bool got[2], busy, serving;
  if :: t = 0 :: t = 1 fi;
#ifdef OWN_LEASE_ONLY                                 /* R14 */
  if :: t == 0 -> ACQUIRE(0) :: t == 1 -> ACQUIRE(1) fi;
#else
  /* Of all members, in the order of names: two controllers never wait for each other. */
  ACQUIRE(0);
  if :: busy -> goto leave :: else fi;
  ACQUIRE(1);
#endif
  if :: busy || !got[t] -> goto leave :: else fi;
  serving = SERVES(t);
#ifndef OWN_LEASE_ONLY
  /* A host that serves: only with its peer's lease. One that does not may be repaired without it. */
  if :: serving && !got[PEER(t)] -> goto leave :: else fi;
#endif
#ifdef NO_REPROOF                                     /* R15: the peer is proven once, early */
  if :: serving && !SERVES(PEER(t)) -> goto leave :: else fi;
#endif
  if :: atomic { target[c] = t; as_repair[c] = !serving; message[c] = PREPARE } OR_DIES fi;
  if :: message[c] == YES :: message[c] == NO -> goto leave OR_DIES fi;
#ifndef NO_REPROOF
  /* Between ready and go: the peer is still ours, and serves. */
  if
  :: serving ->
#ifndef OWN_LEASE_ONLY
     if :: lease[PEER(t)] == c :: lease[PEER(t)] != c -> goto leave OR_DIES fi;
#endif
     if :: SERVES(PEER(t)) :: !SERVES(PEER(t)) -> goto leave OR_DIES fi
  :: else
  fi;
#endif
  if :: message[c] = GO OR_DIES fi;
  if :: message[c] == YES :: message[c] == NO -> goto leave OR_DIES fi;
  /* Probes of the host itself; confirm over a fresh connection. */
  if :: slot[t] == WAITING && by[t] == c -> message[c] = CONFIRM :: by[t] != c -> goto leave OR_DIES fi;
  if :: message[c] == YES -> confirmed[c] = true :: message[c] == NO OR_DIES fi;
leave:
  atomic { release(0); release(1) }
over:
  ended[c] = true
}

init {
  atomic { run Host(0); run Host(1); run Faults(); run Controller(1); run Controller(2) }
  timeout ->
  assert(ended[1] && ended[2]);                       /* no deadlock over two leases */
  assert(lease[0] == 0 && lease[1] == 0);             /* nothing stays of a dead controller … */
  assert(slot[0] == CLOSED && slot[1] == CLOSED);     /* … and every change has ended */
#ifdef REACH_BOTH_CONFIRMED
  assert(!(confirmed[1] && confirmed[2]));
#endif
#ifdef REACH_REVERTED
  assert(!reverted[1]);
#endif
}
