/*
 * One host: the slot of src/host, its guard, and up to two controllers. Read docs/protocol.md first.
 *
 * The host is a table of steps. pc[a] says where actor a stands; a SIGKILL or a power cut sets it to IDLE, so that every step is a
 * place to die at. What is written but not fsynced has, after a cut, either value, each item by itself: the worst file system.
 * No time: a deadline may pass, a lease may expire, a message may be late, at any instant.
 *
 * Compile with -D and the name of a rule (below, NO_…) to take it away: check.sh shows that each removal is found.
 */
#ifndef CONTROLLERS
#define CONTROLLERS 1
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef KILLS
#define KILLS 1
#endif

/* Actors. */
#define APPLY(c) (c)            /* 1, 2: the unit coreos-infra-apply-<id> of controller c */
#define REQUEST(c) (2 + (c))    /* 3, 4: its confirm or revert request */
#define GUARD 5
#define BOOT 6
#define ACTORS 7

/* Words of open/state; nothing: no slot. */
#define NOTHING 0
#define ARMED 1
#define APPLIED 2
#define REVERTING 3
#define REVERTED 4
#define CONFIRMED 5
#define UNDECIDED(w) ((w) == ARMED || (w) == APPLIED || (w) == REVERTING)

/* Contents of a file and of the running service: 0 is the old one, c what controller c wrote. */
#define TORN 8
#define MIXTURE 9
#define DOWN 10

byte file[2], file_disk[2];
byte word, word_disk;
byte owner, owner_disk;         /* whose change set the slot is */
bool links, links_disk;         /* hard links to the old files */
byte old;                       /* what they hold */
bool data_synced = true;        /* staged contents are on the disk */
byte service;                   /* what the service has loaded */

byte pc[ACTORS];
byte lock;                      /* flock: the actor that holds it */
byte lease;                     /* token in /run */
bool up = true, disk_full;
bool guard_spent;               /* ONE_SHOT_GUARD: fired in this boot */
byte cuts, kills;

/* Ghosts: what really happened, for the assertions only. */
byte holder;                    /* controller that was given the lease last */
byte confirmed_last;
bool was_confirmed[3];

/* Messages and answers between controller and host; each may be lost, or come late. */
#define QUIET 0
#define ASKED 1
#define YES 2
#define NO 3
byte apply_msg[3], confirm_msg[3], revert_msg[3];
byte token[3];
byte counter;                   /* COUNTED_TOKENS only: in /run, so a cut sets it back */

/* What a controller says in the end. */
#define SILENT 0
#define SAYS_CONFIRMED 1
#define SAYS_REVERTED 2
#define SAYS_UNTOUCHED 3
#define SAYS_UNKNOWN 4
byte says[3];
bool ended[3];

/* R16: at boot nothing starts on files that somebody may still take away. */
inline boot_service() { assert(!UNDECIDED(word)); start_service() }
inline start_service() { if :: file[0] == file[1] -> service = file[0] :: else -> service = MIXTURE fi }
inline sync_word() { word_disk = word; owner_disk = owner; if :: word == CONFIRMED -> was_confirmed[owner] = true; confirmed_last = owner :: else fi }
inline sync_files() { file_disk[0] = file[0]; file_disk[1] = file[1] }

#ifdef NO_LOCK                                        /* R1 */
#define CAN_LOCK true
#define LOCK(a) skip
#else
#define CAN_LOCK (lock == 0)
#define LOCK(a) lock = a
#endif
inline leave(a) { pc[a] = 0; if :: lock == a -> lock = 0 :: else fi }

/*
 * revert.sh, for whoever holds the lock. Steps R_WORD … R_PUT of the actor's pc. AFTER is done with the last one.
 */
#define R_WORD 20
#define R_FILE0 21
#define R_FILE1 22
#define R_SYNC 23
#define R_SERVICE 24
#define R_REVERTED 25
#define R_WORD_SYNC 26
#define R_LAST 27
#define HAVE_OLD (links || (file[0] == old && file[1] == old))
#ifdef COPY_BACK                                      /* R8: a copy needs space, a rename of a link does not */
#define ROOM (!disk_full)
#else
#define ROOM true
#endif
#define REVERT_STEPS(a, AFTER) \
  :: atomic { pc[a] == R_WORD -> WRITE_REVERTING; pc[a] = R_WORD_SYNC } \
  :: atomic { pc[a] == R_WORD_SYNC -> sync_word(); pc[a] = R_FILE0; SKIP_OR_GO(a) } \
  :: atomic { pc[a] == R_FILE0 && ROOM -> assert(HAVE_OLD); assert(!was_confirmed[owner]); file[0] = old; pc[a] = R_FILE1 } \
  :: atomic { pc[a] == R_FILE1 && ROOM -> file[1] = old; pc[a] = R_SYNC } \
  :: atomic { pc[a] == R_SYNC -> SYNC_BACK; pc[a] = R_SERVICE } \
  :: atomic { pc[a] == R_SERVICE -> SERVICE_BACK(a); pc[a] = R_REVERTED } \
  :: atomic { pc[a] == R_REVERTED -> word = REVERTED; pc[a] = R_LAST } \
  :: atomic { pc[a] == R_LAST -> sync_word(); AFTER; leave(a) }
#ifdef NO_REVERTING                                   /* R6 */
#define WRITE_REVERTING skip
#else
#define WRITE_REVERTING word = REVERTING
#endif
#ifdef SKIP_WHEN_OLD                                  /* R7 */
#define SKIP_OR_GO(a) if :: file[0] == old && file[1] == old -> pc[a] = R_REVERTED :: else fi
#else
#define SKIP_OR_GO(a) skip
#endif
#ifdef NO_REVERT_SYNC                                 /* R8: reverted only after durable renames */
#define SYNC_BACK skip
#else
#define SYNC_BACK sync_files()
#endif
/* Before basic.target nothing has to be started anew: services start afterwards. */
#define SERVICE_BACK(a) if :: a != BOOT -> start_service() :: else fi

/* apply.sh */
#define A_CHECK 1
#define A_SAVE 2
#define A_ARM 3
#define A_SWAP0 4
#define A_SWAP1 5
#define A_SYNC 6
#define A_RUN 7
#define A_APPLIED 8
#define A_HANGS 9
#define A_ARM_SYNC 10
#define A_ANSWER 11

proctype Apply(byte c) {
  do
  :: atomic { up && pc[APPLY(c)] == 0 && apply_msg[c] == ASKED && CAN_LOCK -> LOCK(APPLY(c)); apply_msg[c] = QUIET; pc[APPLY(c)] = A_CHECK }
  :: atomic { pc[APPLY(c)] == A_CHECK ->
       if
#ifdef NO_FENCE                                       /* R12 */
       :: word == NOTHING -> pc[APPLY(c)] = A_SAVE
#else
       :: lease == token[c] && word == NOTHING -> pc[APPLY(c)] = A_SAVE
#endif
       :: else -> apply_msg[c] = NO; leave(APPLY(c))
       fi }
  /* Stage, validate, save, sync: any of it may fail, and then nothing was touched. */
  :: atomic { pc[APPLY(c)] == A_SAVE -> apply_msg[c] = NO; leave(APPLY(c)) }
  :: atomic { pc[APPLY(c)] == A_SAVE && !disk_full ->
       links = true; old = file[0];
#ifndef NO_SAVE_SYNC                                  /* R3 */
       links_disk = true;
#endif
#ifdef NO_DATA_SYNC                                   /* R3 */
       data_synced = false;
#endif
       pc[APPLY(c)] = A_ARM }
  :: atomic { pc[APPLY(c)] == A_ARM ->
       assert(holder == c);                           /* only who holds the host begins anything */
       word = ARMED; owner = c; pc[APPLY(c)] = A_ARM_SYNC }
  :: atomic { pc[APPLY(c)] == A_ARM_SYNC ->
#ifndef NO_ARM_SYNC                                   /* R2 */
       sync_word();
#endif
       pc[APPLY(c)] = A_SWAP0 }
  :: atomic { pc[APPLY(c)] == A_SWAP0 -> file[0] = c; pc[APPLY(c)] = A_SWAP1 }
  :: atomic { pc[APPLY(c)] == A_SWAP1 -> file[1] = c; pc[APPLY(c)] = A_SYNC }
  :: atomic { pc[APPLY(c)] == A_SYNC ->
#ifndef NO_SWAP_SYNC                                  /* R4 */
       sync_files();
#endif
       pc[APPLY(c)] = A_RUN }
  :: atomic { pc[APPLY(c)] == A_RUN -> start_service(); pc[APPLY(c)] = A_APPLIED }
  :: atomic { pc[APPLY(c)] == A_RUN -> pc[APPLY(c)] = A_HANGS }           /* a restart that never returns */
  :: atomic { pc[APPLY(c)] == A_RUN -> start_service(); pc[APPLY(c)] = R_WORD }   /* local checks are red */
  :: atomic { pc[APPLY(c)] == A_APPLIED -> word = APPLIED; pc[APPLY(c)] = A_ANSWER }
  :: atomic { pc[APPLY(c)] == A_ANSWER -> sync_word(); apply_msg[c] = YES; leave(APPLY(c)) }
  REVERT_STEPS(APPLY(c), apply_msg[c] = NO)
  od
}

/* confirm.sh and the revert request, over fresh connections. */
#define Q_CONFIRM 1
#define Q_ANSWER 2
#define Q_REVERT 3

#ifdef CONFIRM_ANY                                    /* R12 */
#define MINE(c) true
#else
#define MINE(c) (owner == c)
#endif

proctype Request(byte c) {
  do
  :: atomic { up && pc[REQUEST(c)] == 0 && confirm_msg[c] == ASKED && CAN_LOCK -> LOCK(REQUEST(c)); confirm_msg[c] = QUIET;
       if
       :: word == APPLIED && MINE(c) -> assert(owner == c); pc[REQUEST(c)] = Q_CONFIRM
       :: word == CONFIRMED && owner == c -> pc[REQUEST(c)] = Q_ANSWER
       :: else -> confirm_msg[c] = NO; leave(REQUEST(c))
       fi }
  :: atomic { pc[REQUEST(c)] == Q_CONFIRM -> word = CONFIRMED; pc[REQUEST(c)] = Q_ANSWER }
  :: atomic { pc[REQUEST(c)] == Q_ANSWER ->
#ifdef NO_CONFIRM_SYNC                                /* R4: ghosts only, the disk does not know */
       was_confirmed[owner] = true; confirmed_last = owner;
#else
       sync_word();
#endif
       confirm_msg[c] = YES; leave(REQUEST(c)) }
  :: atomic { up && pc[REQUEST(c)] == 0 && revert_msg[c] == ASKED && CAN_LOCK -> LOCK(REQUEST(c)); revert_msg[c] = QUIET;
       if
       :: UNDECIDED(word) && owner == c -> pc[REQUEST(c)] = R_WORD
       :: else -> revert_msg[c] = YES; leave(REQUEST(c))
       fi }
  REVERT_STEPS(REQUEST(c), revert_msg[c] = YES)
  od
}

/* guard.sh. It is there whenever a slot is: systemd starts it again when it dies. */
#define G_WAITS 1
#ifdef ONE_SHOT_GUARD                                 /* R5 */
#define MAY_FIRE (!guard_spent)
#define SPEND guard_spent = true
#else
#define MAY_FIRE true
#define SPEND skip
#endif
byte guard_for;                                       /* whose slot it took up */

proctype Guard() {
  do
  /* The deadline, at any instant. */
  :: atomic { up && pc[GUARD] == 0 && UNDECIDED(word) && MAY_FIRE -> SPEND; guard_for = owner; pc[GUARD] = G_WAITS }
#ifndef NO_KILL                                       /* R10: what hangs is killed, as a whole */
  :: atomic { pc[GUARD] == G_WAITS && UNDECIDED(word) && owner == guard_for && pc[APPLY(owner)] != 0 -> leave(APPLY(owner)) }
#endif
#ifdef BLIND_WAIT                                     /* R10: it must look again while it waits */
  :: atomic { pc[GUARD] == G_WAITS && CAN_LOCK -> LOCK(GUARD); if :: UNDECIDED(word) -> pc[GUARD] = R_WORD :: else -> leave(GUARD) fi }
#else
  :: atomic { pc[GUARD] == G_WAITS && CAN_LOCK && UNDECIDED(word) && owner == guard_for -> LOCK(GUARD); pc[GUARD] = R_WORD }
  :: atomic { pc[GUARD] == G_WAITS && !(UNDECIDED(word) && owner == guard_for) -> pc[GUARD] = 0 }
#endif
  /* Before the deadline: the lock is free although the change is not applied: its apply died. */
  :: atomic { up && pc[GUARD] == 0 && (word == ARMED || word == REVERTING) && CAN_LOCK && MAY_FIRE -> SPEND; LOCK(GUARD); pc[GUARD] = R_WORD }
  REVERT_STEPS(GUARD, skip)
  od
}

/* slot.sh, archive: by confirm, guard, acquire or release, whoever comes first. The archive answers later questions: here the slot
 * stays until its controller has asked. */
proctype Archive() {
  do
  :: atomic { up && CAN_LOCK && (word == REVERTED || word == CONFIRMED) && ended[owner] ->
       sync_word();                                   /* R9 */
       word = NOTHING; word_disk = NOTHING; owner = 0; owner_disk = 0; links = false; links_disk = false; old = 0; data_synced = true }
  od
}

/* boot.sh */
proctype Boot() {
  do
  :: atomic { !up && pc[BOOT] == 0 ->
#ifdef LATE_BOOT_GUARD                                /* R16 */
       if :: service == DOWN -> start_service() :: else fi;
#endif
#ifdef NO_BOOT_GUARD                                  /* R5 */
       pc[BOOT] = 1
#else
       if :: UNDECIDED(word) -> LOCK(BOOT); pc[BOOT] = R_WORD :: else -> pc[BOOT] = 1 fi
#endif
     }
  :: atomic { pc[BOOT] == 1 ->
#ifndef LATE_BOOT_GUARD
       boot_service();
#endif
       up = true; pc[BOOT] = 0 }
  REVERT_STEPS(BOOT, skip)
  od
}

#define KEEP(mem, disk) if :: disk = mem :: mem = disk fi

/* Power, processes, disk. Faults may stop at any time: nothing may depend on a later one. */
proctype Faults() {
  byte a;
  do
  :: atomic { cuts < CUTS && !(ended[1] && (CONTROLLERS == 1 || ended[2])) ->
       cuts++; up = false; lock = 0; lease = 0; counter = 0; guard_spent = false; service = DOWN;
       a = 0; do :: a < ACTORS -> pc[a] = 0; a++ :: else -> break od; a = 0;
       KEEP(file[0], file_disk[0]); KEEP(file[1], file_disk[1]); KEEP(links, links_disk);
       if :: !data_synced && file[0] != old -> file[0] = TORN; file_disk[0] = TORN :: else fi;
       if :: word != word_disk || owner != owner_disk ->
            if :: sync_word() :: word = word_disk; owner = owner_disk fi
       :: else fi;
       data_synced = true }
  :: atomic { kills < KILLS && pc[APPLY(1)] != 0 -> kills++; leave(APPLY(1)) }
  :: atomic { kills < KILLS && pc[REQUEST(1)] != 0 -> kills++; leave(REQUEST(1)) }
  :: atomic { kills < KILLS && pc[GUARD] != 0 -> kills++; leave(GUARD) }
  :: atomic { !disk_full -> disk_full = true; break }                  /* and stays full */
  :: break
  od
}

/* The host's own clock: expiry matters to the next acquire only. */
proctype Expiry() {
  do
  :: atomic { up && lease != 0 -> lease = 0 }
  od
}

#define OR_DIES :: atomic { c == 1 -> goto over }            /* the first controller may die anywhere */
#ifdef COUNTED_TOKENS                                        /* R13 */
#define DRAW(c) counter++; token[c] = counter
#else
#define DRAW(c) token[c] = c
#endif

proctype Controller(byte c) {
  if :: c == 1 :: c == 2 && ended[1] fi;
  if
  :: atomic { up && CAN_LOCK && lease == 0 && word == NOTHING -> DRAW(c); lease = token[c]; holder = c }      /* R11: not while a slot is there */
  OR_DIES
  fi;
  if
  :: apply_msg[c] = ASKED
  OR_DIES
  fi;
  if
  :: apply_msg[c] == YES
  :: apply_msg[c] == NO -> goto ask
  :: goto ask                                                /* patience ended; the message may still be on its way */
  OR_DIES
  fi;
  if
  :: confirm_msg[c] = ASKED                                  /* probes passed */
  :: revert_msg[c] = ASKED
  :: goto ask
  OR_DIES
  fi;
  if
  :: confirm_msg[c] == YES -> says[c] = SAYS_CONFIRMED; goto over
  :: confirm_msg[c] == NO || revert_msg[c] == YES
#ifdef TRUST_SENDING                                         /* R9 */
  :: confirm_msg[c] == ASKED -> says[c] = SAYS_CONFIRMED; goto over
#endif
  :: true                                                    /* the answer was lost */
  OR_DIES
  fi;
ask: /* status.sh: only what is final, and durable, is told. */
  if
#ifdef NO_STATUS_SYNC                                        /* R9 */
  :: atomic { up && owner == c && word == CONFIRMED -> says[c] = SAYS_CONFIRMED }
#else
  :: atomic { up && owner == c && word == CONFIRMED -> sync_word(); says[c] = SAYS_CONFIRMED }
#endif
  :: atomic { up && owner == c && word == REVERTED -> says[c] = SAYS_REVERTED }
  :: atomic { up && owner != c && apply_msg[c] == NO -> says[c] = SAYS_UNTOUCHED }
#ifdef TRUST_THE_GUARD                                       /* R9 */
  :: atomic { up && owner == c && word == APPLIED -> says[c] = SAYS_REVERTED }
#endif
  :: says[c] = SAYS_UNKNOWN
  fi;
over:
  atomic { ended[c] = true; if :: up && lease == token[c] && token[c] != 0 && !UNDECIDED(word) && pc[APPLY(c)] == 0 -> lease = 0 :: else fi }
}

#define TRUE_REPORT(c) \
  assert(says[c] != SAYS_CONFIRMED || was_confirmed[c]); \
  assert((says[c] != SAYS_REVERTED && says[c] != SAYS_UNTOUCHED) || !was_confirmed[c])

init {
  atomic {
    run Apply(1); run Request(1); run Controller(1);
#if CONTROLLERS > 1
    run Apply(2); run Request(2); run Controller(2);
#else
    ended[2] = true;
#endif
    run Guard(); run Archive(); run Boot(); run Faults(); run Expiry()
  }
  /* At rest: nobody can move any more. */
  timeout ->
  assert(up && ended[1] && ended[2]);
  assert(!UNDECIDED(word) && lock == 0 && lease == 0);
  assert(file[0] == file[1]);                                /* wholly one generation … */
  assert(file[0] == confirmed_last);                         /* … the confirmed one … */
  assert(service == file[0]);                                /* … which is what runs … */
  assert(file_disk[0] == file[0] && file_disk[1] == file[1] && word_disk == word);  /* … and is on the disk */
  TRUE_REPORT(1); TRUE_REPORT(2);
#ifdef REACH_CONFIRMED
  assert(says[1] != SAYS_CONFIRMED);
#endif
#ifdef REACH_REVERTED
  assert(says[1] != SAYS_REVERTED);
#endif
#ifdef REACH_CONFIRMED_UNHEARD
  assert(says[1] != SILENT || !was_confirmed[1]);
#endif
}
