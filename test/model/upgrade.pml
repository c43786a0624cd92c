/*
 * One host: an OS upgrade, or a return to an older deployment, in the slot of src/host (os-*.sh, boot.sh). Read docs/protocol.md first.
 *
 * A is booted and the way back; B the target; O is older than A; C is what Zincati would take. How the slot's words reach the disk is
 * slot.pml's business: here they do at once. No time: a deadline may pass, local checks may be red, at any instant.
 * /etc is one value per deployment, the generation of configuration that stands in it; the confirmed one is in /var.
 *
 * Compile with -D and the name of a rule to take it away, with ROLLBACK for `run rollback`: B is on disk with an /etc of its own time.
 */
#ifndef CUTS
#define CUTS 1
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef REBOOTS
#define REBOOTS 1               /* by an operator, in the middle */
#endif
#ifndef ZINCATI
#define ZINCATI 1               /* how often it stages something, when it may */
#endif

#define O 0
#define A 1
#define B 2
#define C 3
#define NOTHING 7
#define HALF 9                  /* an /etc in the middle of a reconcile; its marker says so */

/* Words of open/state; NONE: no slot. */
#define NONE 0
#define ARMED 1
#define APPLIED 2
#define REVERTING 3
#define REVERTING2 4
#define REVERTED 5
#define CONFIRMED 6
#define FAILED 7
#define OPEN (word >= ARMED && word <= REVERTING2)
#define ON_ITS_WAY (word == REVERTING || word == REVERTING2)

/* Durable. */
byte word = NONE;
byte default_ = A;
bool present[4], pinned;
byte etc[4];
byte confirmed = 1;             /* generation of configuration */
/* Until the next boot. */
byte booted = A, staged = NOTHING;
bool locked, up = true, leaving;                /* leaving: an orderly shutdown is under way */
bool here;                                      /* the boot that the slot was opened in */
bool trial;                                     /* the boot of the trial */
bool asked;                                     /* /run: the way back was asked for in this boot */
bool zincati = true;
byte lock;                                      /* who holds it */
bool killed[3];                                 /* in the middle of what it did under the lock */
#define GUARD 1
#define STEP 2
byte serving = 1;                               /* generation that the services of this boot read; 0: none yet */
byte epoch;                                     /* the boot id */
/* What is only looked at. */
bool accepted, held, proven, over, byHand;
byte cuts, kills, reboots, staging, back, triedB, health, crash, says;
#define SAYS_NEW 1
#define SAYS_OLD 2

inline take(WHO) { atomic { lock == 0 -> lock = WHO } }
inline drop_staged() { atomic { staged = NOTHING; locked = false } }

/* os_reverted: B5: dropped first, ended then. */
inline end_old() {
#ifdef END_BEFORE_CLEANUP                             /* B5 */
  word = REVERTED;
  drop_staged()
#else
  drop_staged();
  default_ = A;
  word = REVERTED
#endif
}

/* go_back: WORD is what the state becomes. Decided by what is booted and on disk; nothing toggles. */
inline go_back(WORD) {
  assert(!accepted);
  asked = true;
  word = WORD;
  zincati = false;
#ifdef BLIND_ROLLBACK                                 /* B2: the toggle of rpm-ostree rollback: the next entry after the booted one */
  atomic {
    staged = NOTHING;
    if
    :: booted == B && default_ == B && present[A] -> default_ = A
    :: booted == B && default_ == A -> default_ = B
    :: booted == A && present[B] -> default_ = B
    :: booted == A && !present[B] && present[O] -> default_ = O
    :: else
    fi;
    back++; leaving = true }
#else
  drop_staged();
  if
  :: !present[A] -> word = FAILED
  :: else ->
     default_ = A;
     assert(booted == B);
     atomic { back++; assert(back <= 3); leaving = true }   /* never a loop; the third is the one asked for again after a kill */
  fi
#endif
}

/* os_settle: the table of what the slot says and what is booted. */
inline settle() {
  if
  :: word == ARMED && booted == A && !here -> end_old()
  :: word == ARMED && booted == B ->
     assert(proven);                                  /* nobody leaves A before the gates were proven */
     triedB++;
     atomic { trial = true; word = APPLIED }
  :: word == APPLIED && booted == B && !trial ->
     triedB++;
     assert(triedB <= 2);                             /* an unconfirmed release is not booted again and again */
#ifndef NO_SECOND_BOOT                                /* B4 */
     go_back(REVERTING)
#endif
  :: word == APPLIED && booted == A -> end_old()
  :: ON_ITS_WAY && booted == A -> end_old()
  :: word == REVERTING && booted == B && !asked -> go_back(REVERTING2)
  :: word == REVERTING2 && booted == B && !asked -> word = FAILED
  :: OPEN && booted != A && booted != B -> word = FAILED
  :: else
  fi
}

inline reconcile() {
#ifdef NO_RECONCILE                                   /* B6 */
  skip
#else
  if
  :: etc[booted] != confirmed -> etc[booted] = HALF; etc[booted] = confirmed
  :: else
  fi
#endif
}

/* os-guard.sh: the deadline, red checks, what the boot guard left; systemd starts it again when it is killed. */
proctype Guard() {
  byte e;
again:
  atomic { up && OPEN && serving != 0 && !leaving -> e = epoch };
  {
    take(GUARD);
    if
#ifdef BLIND_ROLLBACK
    :: OPEN -> go_back(REVERTING)
#else
    :: OPEN && booted == A && leaving -> skip         /* a reboot is under way: left to what comes up */
    :: word == ARMED && booted == A && here && !leaving -> end_old()
    :: word == APPLIED && booted == B && trial -> go_back(REVERTING)
    :: ON_ITS_WAY && booted == B && asked && !leaving -> if :: word == REVERTING -> go_back(REVERTING) :: else -> go_back(REVERTING2) fi
#endif
    :: else -> settle()
    fi;
    lock = 0
  } unless { atomic { !up || epoch != e || killed[GUARD] -> killed[GUARD] = false } };
  goto again
}

/* A third party: while it runs it stages, locked, and reboots into that as it likes; what it does after the end is its own affair. */
#define ENDED (word >= REVERTED)
proctype Zincati() {
  do
  :: atomic { up && zincati && !leaving && staged == NOTHING && serving != 0 && !ENDED && booted != C && staging < ZINCATI ->
       staging++; assert(!(held && OPEN)); staged = C; locked = true }
  :: atomic { up && zincati && !leaving && staged == C && serving != 0 && !ENDED ->
       assert(!(held && OPEN)); locked = false; leaving = true }
  od
}

/* archive: whoever puts the slot away gives Zincati back, and takes the pin away. */
proctype Archive() {
  do
  :: atomic { up && serving != 0 && ENDED && !leaving && (!zincati || pinned) -> zincati = true; pinned = false }
  od
}

#define MAY_CUT(to) if :: cuts < CUTS -> cuts++; goto to :: true fi

/* Shutdown, firmware, and boot with the boot guard before every service. */
proctype Machine() {
off:
  if
  :: atomic { up && leaving -> up = false; serving = 0; zincati = false; lock = 0 };
     if                                               /* ostree-finalize-staged.service */
     :: staged != NOTHING && !locked ->
        if
        :: etc[staged] = etc[booted];                 /* the merge */
           MAY_CUT(boot);
           atomic {
             present[staged] = true; default_ = staged;    /* it keeps the new, the booted, and the pinned ones */
             if :: booted != O -> present[O] = false :: else fi;
             if :: booted != A && !pinned && staged != A -> present[A] = false :: else fi }
        :: true                                       /* it fails: /boot is full, a file where a folder should be */
        fi
     :: else
     fi
  :: !up -> skip                                      /* power was cut */
  fi;
boot:
  atomic {
    staged = NOTHING; locked = false; booted = default_; lock = 0; leaving = false; serving = 0; zincati = false;
    here = false; trial = false; asked = false; killed[GUARD] = false; killed[STEP] = false; epoch++ };
  assert(booted != O);                                /* never past the recorded deployment */
  assert(booted != C || !held);
#ifdef BLIND_ROLLBACK
  if :: ON_ITS_WAY && booted == A -> word = REVERTED :: else fi;
#else
  settle();
#endif
  MAY_CUT(boot);
  if :: leaving -> goto boot :: else fi;              /* on its way back: no service is started */
  reconcile();
  MAY_CUT(boot);
  atomic {
    serving = etc[booted];
#ifdef STOP_ZINCATI_ONLY                              /* B3 */
    zincati = true;
#else
    zincati = (word == NONE || ENDED);     /* ConditionPathExists=!…/open */
#endif
    up = true };
  goto off
}

/* Faults may stop at any time: nothing may depend on a later one. */
proctype World() {
  do
  :: atomic { up && cuts < CUTS -> cuts++; up = false; serving = 0; zincati = false; lock = 0 }
  :: atomic { up && crash == 1 && booted == B && OPEN -> up = false; serving = 0; zincati = false; lock = 0 }   /* B panics, each time */
  :: atomic { up && kills < KILLS && lock != 0 -> kills++; killed[lock] = true; lock = 0 }
  :: atomic { up && reboots < REBOOTS && !leaving -> reboots++; leaving = true }
  /* Weeks later: another configuration is confirmed, then somebody types rpm-ostree rollback. */
  :: atomic { up && word == CONFIRMED && booted == B && present[A] && !byHand && !leaving && over ->
       byHand = true; confirmed = 2; etc[B] = 2; serving = 2; default_ = A; leaving = true }
  :: break
  od
}

#define SAME_BOOT (up && !leaving && epoch == e)

/* A boot ends a step; so does a kill of the unit that it runs in. */
#define BOOTED_OR_KILLED atomic { !up || epoch != e || killed[STEP] -> killed[STEP] = false }

/* The controller may be cut off, or die, before each of its steps (goto lost), and may come back once (--resume). */
proctype Controller() {
  byte e; bool resumed;
  if
  :: atomic { up && !leaving && booted == A && serving != 0 && word == NONE -> e = epoch;
#ifndef SLOT_AFTER_STAGING                            /* B1 */
       word = ARMED; here = true
#endif
     }
  :: true -> goto end
  fi;
  if :: atomic { SAME_BOOT -> zincati = false } :: goto lost fi;
  if :: atomic { SAME_BOOT -> if :: staged == C -> staged = NOTHING; locked = false :: else fi; held = true } :: goto lost fi;
  if :: atomic { SAME_BOOT -> pinned = true } :: goto lost fi;
#ifndef ROLLBACK
  if
  :: atomic { SAME_BOOT && word < REVERTED -> staged = B;
#if defined(STAGE_UNLOCKED) || defined(SLOT_AFTER_STAGING)    /* B1 */
       locked = false
#else
       locked = true
#endif
     }
  :: goto lost
  fi;
#endif
#ifdef SLOT_AFTER_STAGING
  if :: atomic { SAME_BOOT -> word = ARMED; here = true } :: goto lost fi;
#endif
  /* os_go: everything once more, then unlock and reboot, in one section under the lock. */
  if
  :: true -> { take(STEP);
       if
       :: SAME_BOOT && word == ARMED && booted == A ->
          proven = true;
#ifdef ROLLBACK
          default_ = B; leaving = true
#else
          if :: staged == B -> locked = false; leaving = true :: else fi
#endif
       :: else
       fi;
       lock = 0 } unless { BOOTED_OR_KILLED }
  :: goto lost
  fi;
  if :: (up && epoch != e && serving != 0) -> e = epoch :: goto lost fi;
verify:
  if
  :: SAME_BOOT && word == APPLIED && booted == B ->
     if
     :: health == 1 ->
        { take(STEP);
          if :: SAME_BOOT && word == APPLIED && booted == B && trial -> atomic { word = CONFIRMED; accepted = true } :: else fi;
          lock = 0 } unless { BOOTED_OR_KILLED }
     :: health == 0 ->
        { take(STEP);
          if :: SAME_BOOT && word == APPLIED && booted == B && trial -> go_back(REVERTING) :: else fi;
          lock = 0 } unless { BOOTED_OR_KILLED }
     fi
  :: true
  fi;
  if
  :: atomic { up && word == CONFIRMED -> says = SAYS_NEW }
  :: atomic { up && word == REVERTED -> says = SAYS_OLD }
  :: true
  fi;
  goto end;
lost:
  if
  :: goto end
  :: atomic { !resumed && up && !leaving && serving != 0 -> resumed = true; e = epoch; goto verify }
  fi;
end:
  atomic { over = true; e = 0; resumed = false }
}

init {
  atomic {
    present[O] = true; present[A] = true; etc[O] = 1;
#ifdef ROLLBACK
    present[B] = true; etc[A] = 2; etc[B] = 1; confirmed = 2; serving = 2;
#else
    etc[A] = 1;
#endif
    if :: health = 0 :: health = 1 fi;
    if :: crash = 0 :: crash = 1 fi;
    run Guard(); run Zincati(); run Archive(); run Machine(); run World(); run Controller()
  };
  /* At rest: nobody can move any more. */
  timeout ->
  assert(up && over && !lock && !leaving);
  assert(!OPEN);                                              /* every upgrade ends … */
  assert(word != FAILED || !held);                            /* … by itself, unless Zincati came first */
  assert(word != CONFIRMED || byHand || (booted == B && default_ == B));
  assert(word != REVERTED || !held || (booted == A && default_ == A));   /* on the old one, also after the next boot */
  assert(booted != B || word == CONFIRMED);
  assert(etc[booted] == confirmed && serving == confirmed);   /* with the confirmed configuration, which is what runs */
  assert(accepted == (word == CONFIRMED));
  assert(says != SAYS_NEW || accepted);
  assert(says != SAYS_OLD || !accepted);
  assert(zincati && !pinned);                                 /* as they were found */
#ifdef REACH_CONFIRMED
  assert(!accepted);
#endif
#ifdef REACH_REVERTED
  assert(!(word == REVERTED && triedB > 0));
#endif
#ifdef REACH_BY_HAND
  assert(!byHand || booted != A);
#endif
}
