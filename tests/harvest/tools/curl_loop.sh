#!/usr/bin/env bash
# A loop around curl, as everybody has written one: browser headers, a cookie jar, several at once, number after number.
#   curl_loop.sh BASE SOURCE OUT FIRST LAST STEP FIRST_PAGE LAST_PAGE PAGE_STEP
set -u
base=$1 source=$2 out=$3 first=$4 last=$5 step=$6 first_page=$7 last_page=$8 page_step=$9
get() {
  curl --silent --interface "$source" --max-time 10 --parallel --parallel-max 6 --compressed \
    --user-agent "$AGENT" -H 'Accept: text/html,application/xhtml+xml,*/*;q=0.8' -H 'Accept-Language: en-GB,en;q=0.9' \
    --cookie "$out/jar" --cookie-jar "$out/jar" "$@"
}
get --output "$out/home" "$base/"
get --output "$out/list-#1" "$base/api/members?page=[$first_page-$last_page:$page_step]"
while [ "$first" -le "$last" ]; do
  until=$((first + 39 * step))
  [ "$until" -le "$last" ] || until=$last
  get --output "$out/page-#1" "$base/members/[$first-$until:$step]"
  get --output "$out/api-#1" "$base/api/members/[$first-$until:$step]"
  first=$((until / step * step + first % step))
  [ "$first" -gt "$until" ] || first=$((first + step))
done
