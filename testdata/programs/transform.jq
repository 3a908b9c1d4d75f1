def r: . * 1103515245 + 12345 | . % 2147483648;
[limit(4000; recurse(r)) | (. / 65536 | floor) % 1000] as $n
| [$n | to_entries[] | {id: .key, v: .value, s: ("item-" + (.value | tostring)), t: [.key % 7, .value % 11]}]
| (group_by(.v % 10) | map({k: (.[0].v % 10), n: length, sum: (map(.v) | add), ids: (map(.id) | sort | .[0:5])})),
  (map(select(.s | test("7[0-9]$"))) | length),
  (sort_by(.t, .id) | .[0:3]),
  (map(.s | ascii_upcase | gsub("ITEM-(?<d>[0-9])"; "\(.d)#")) | unique | length),
  ([paths(numbers)] | length),
  (tojson | fromjson | @base64 "\(.[0:50] | tojson)"),
  ({} | reduce range(3000) as $i (.; .["k" + ($i % 100 | tostring)] += $i)),
  ([range(100000)] | map(. * 2) | add)
