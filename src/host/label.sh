# SELinux labels of staged files: the label that the target has, or that a file made there would get. Nothing to do without SELinux.
# shellcheck shell=bash disable=SC2034,SC2154

# label_staged: labels every staged file. Labels stay on rename, so they must be right before the swap.
# A folder that podman relabelled (:z) keeps its own type for new files: container_file_t, not what the policy says of /etc.
label_staged() {
  local i path folder
  local -A label=() policy=()
  local -a targets=() folders=() lines=()
  command -v selinuxenabled >/dev/null && selinuxenabled || return 0
  for i in "${!F_PATH[@]}"; do
    [[ -z ${F_SHA[i]} ]] || targets+=("${F_PATH[i]}")
  done
  ((${#targets[@]})) || return 0
  folders=("${K_PATH[@]}")
  mapfile -d '' -t lines < <(stat --printf '%n\0%C\0' -- "${targets[@]}" "${folders[@]}" 2>/dev/null)
  for ((i = 0; i < ${#lines[@]}; i += 2)); do label[${lines[i]}]=${lines[i + 1]}; done
  mapfile -t lines < <(matchpathcon -n -- "${targets[@]}" "${folders[@]}" 2>/dev/null)
  i=0
  for path in "${targets[@]}" "${folders[@]}"; do policy[$path]=${lines[i]-} i=$((i + 1)); done
  apply_labels
}

# apply_labels: one chcon for all files with the same label.
apply_labels() {
  local wanted
  local -A files=()
  for i in "${!F_PATH[@]}"; do
    [[ -n ${F_SHA[i]} ]] || continue
    path=${F_PATH[i]} folder=${K_PATH[F_K[i]]}
    wanted=${label[$path]-}
    if [[ -z $wanted && -n ${label[$folder]-} && ${label[$folder]} != "${policy[$folder]-}" ]]; then
      wanted=${label[$folder]}
    fi
    wanted=${wanted:-${policy[$path]-}}
    [[ -z $wanted || $wanted == '<<none>>' ]] || files[$wanted]+="$i "
  done
  for wanted in "${!files[@]}"; do
    lines=()
    for i in ${files[$wanted]}; do staged_path "$i" && lines+=("$REPLY"); done
    words_of chcon -h -- "$wanted" "${lines[@]}" || fail label "the SELinux label $wanted cannot be set" "${WORDS[@]}"
  done
}

# label_folder PATH: a folder that was just made gets the policy's label.
label_folder() {
  { command -v selinuxenabled >/dev/null && selinuxenabled; } || return 0
  restorecon -F -- "$1" 2>/dev/null || :
}

# label_like PATH STAGED: the staged file gets the label that the policy gives to PATH.
label_like() {
  local context
  { command -v selinuxenabled >/dev/null && selinuxenabled; } || return 0
  context=$(matchpathcon -n -- "$1" 2>/dev/null)
  [[ -z $context || $context == '<<none>>' ]] || chcon -h -- "$context" "$2" 2>/dev/null || :
}
