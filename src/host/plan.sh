# The plan of a change set, as the bundle brings it and as the slot's manifest keeps it: NUL-ended records read into arrays.
# shellcheck shell=bash disable=SC2034,SC2154
#
# Header pairs (format kind id run owner token helper boot within generation), the field `entries`, then records:
#   folder K PATH                      the folders that files stand in, numbered from 0
#   file K NAME SHA MODE OWNER GROUP  SHA MODE OWNER GROUP     new, then old; an empty hash: deleted / absent
#   directory ACTION PATH MODE OWNER GROUP
#   quadlet PATH UNIT · image NAME · secret NAME · serial ZONE SERIAL · reload 0|1
#   validation NAME SECONDS ARGC ARGV… PREVIEWS (PATH AS)… SCRATCHES (AS)…
#   unit UNIT ACTION WHEN SETTLE · command ID SECONDS SCRIPT UNDO
# and, added by the host when it saves what stands there:
#   root K PATH                        where the staged and the saved files of folder K lie
#   was-directory PATH MODE OWNER GROUP · was-unit UNIT ACTIVE ENABLED INVOCATION · at DEPLOYMENT · zincati STATE
# OS upgrades (kind os) have their own header pairs (os-open.sh) and, as their only records, `at` and watch UNIT: units that the trial must bring up.

# read_plan FILE: fills H[…] and the arrays below; F_AT[PATH] is a file's index. Fails on a record that it does not know: a newer plan than this helper.
read_plan() {
  declare -gA H=() F_AT=() WAS_DIR=() WAS_ACTIVE=() WAS_ENABLED=() WAS_INVOCATION=()
  declare -ga K_PATH=() K_ROOT=() F_K=() F_NAME=() F_PATH=() F_SHA=() F_MODE=() F_OWNER=() F_GROUP=() B_SHA=() B_MODE=() B_OWNER=() B_GROUP=()
  declare -ga D_ACTION=() D_PATH=() D_MODE=() D_OWNER=() D_GROUP=() Q_PATH=() Q_UNIT=() IMAGES=() N_SECRET=() S_ZONE=() S_SERIAL=()
  declare -ga V_NAME=() V_AT=() U_UNIT=() U_ACTION=() U_WHEN=() U_SETTLE=() C_ID=() C_SECONDS=() C_SCRIPT=() C_UNDO=() W_UNIT=()
  RELOAD=0
  read_records "$1" || return 1
  R=("${RECORDS[@]}")
  local i=0
  while ((i < ${#R[@]})) && [[ ${R[i]} != entries ]]; do
    H[${R[i]}]=${R[i + 1]-}
    ((i += 2))
  done
  [[ ${H[format]-} == 1 && -n ${H[id]-} ]] || return 1
  ((i += 1))
  while ((i < ${#R[@]})); do
    RECORD_FIELDS=0
    read_record "$i" || return 1
    ((i += RECORD_FIELDS))
  done
}

# read_record I: takes the record at field I into the arrays; sets RECORD_FIELDS to its length.
read_record() {
  local i=$1
  local -a f=("${R[@]:i:11}")
  case ${f[0]} in
    folder) K_PATH[f[1]]=${f[2]} RECORD_FIELDS=3 ;;
    file)
      F_AT[${K_PATH[f[1]]%/}/${f[2]}]=${#F_K[@]}
      F_K+=("${f[1]}") F_NAME+=("${f[2]}") F_PATH+=("${K_PATH[f[1]]%/}/${f[2]}") F_SHA+=("${f[3]}") F_MODE+=("${f[4]}")
      F_OWNER+=("${f[5]}") F_GROUP+=("${f[6]}") B_SHA+=("${f[7]}") B_MODE+=("${f[8]}") B_OWNER+=("${f[9]}") B_GROUP+=("${f[10]}")
      RECORD_FIELDS=11
      ;;
    directory) D_ACTION+=("${f[1]}") D_PATH+=("${f[2]}") D_MODE+=("${f[3]}") D_OWNER+=("${f[4]}") D_GROUP+=("${f[5]}") RECORD_FIELDS=6 ;;
    quadlet) Q_PATH+=("${f[1]}") Q_UNIT+=("${f[2]}") RECORD_FIELDS=3 ;;
    image) IMAGES+=("${f[1]}") RECORD_FIELDS=2 ;;
    secret) N_SECRET+=("${f[1]}") RECORD_FIELDS=2 ;;
    serial) S_ZONE+=("${f[1]}") S_SERIAL+=("${f[2]}") RECORD_FIELDS=3 ;;
    reload) RELOAD=${f[1]} RECORD_FIELDS=2 ;;
    validation) read_validation "$i" ;;
    unit) U_UNIT+=("${f[1]}") U_ACTION+=("${f[2]}") U_WHEN+=("${f[3]}") U_SETTLE+=("${f[4]}") RECORD_FIELDS=5 ;;
    command) C_ID+=("${f[1]}") C_SECONDS+=("${f[2]}") C_SCRIPT+=("${f[3]}") C_UNDO+=("${f[4]}") RECORD_FIELDS=5 ;;
    root) K_ROOT[f[1]]=${f[2]} RECORD_FIELDS=3 ;;
    was-directory) WAS_DIR[${f[1]}]="${f[2]} ${f[3]} ${f[4]}" RECORD_FIELDS=5 ;;
    was-unit) WAS_ACTIVE[${f[1]}]=${f[2]} WAS_ENABLED[${f[1]}]=${f[3]} WAS_INVOCATION[${f[1]}]=${f[4]} RECORD_FIELDS=5 ;;
    watch) W_UNIT+=("${f[1]}") RECORD_FIELDS=2 ;;
    at) H[at]=${f[1]} RECORD_FIELDS=2 ;;
    zincati) H[zincati]=${f[1]} RECORD_FIELDS=2 ;;
    *) return 1 ;;
  esac
}

# read_validation I: notes where a validation stands and how long it is; validate.sh reads the rest from R.
read_validation() {
  local i=$1 argc previews scratches
  argc=${R[i + 3]}
  previews=${R[i + 4 + argc]}
  scratches=${R[i + 5 + argc + 2 * previews]}
  V_NAME+=("${R[i + 1]}") V_AT+=("$i")
  RECORD_FIELDS=$((6 + argc + 2 * previews + scratches))
}

# changed_units: sets UNITS to every unit that the plan acts on, each once, in order.
changed_units() {
  local unit
  local -A seen=()
  UNITS=()
  for unit in "${U_UNIT[@]}"; do
    [[ -z ${seen[$unit]-} ]] || continue
    seen[$unit]=1
    UNITS+=("$unit")
  done
}

# staged_path I: sets REPLY to where the new content of file I waits.
staged_path() { REPLY=${K_ROOT[F_K[$1]]}/new/${F_K[$1]}/${F_NAME[$1]}; }

# saved_path I: sets REPLY to the hard link to what stood at file I.
saved_path() { REPLY=${K_ROOT[F_K[$1]]}/old/${F_K[$1]}/${F_NAME[$1]}; }
