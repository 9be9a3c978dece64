import { createHash } from "node:crypto";

/**
 * One admission, by the server's own clock. It first looks (rates, places, what is cached, budgets), and writes only when
 * nothing refused. Every number is whole and below 2 ** 53, where the script's numbers are exact. What is no level and no
 * count is taken as missing, so that a foreign value shuts nobody out; a foreign type in the place of places is an error.
 *
 * KEYS    the rates, the budgets, the lookups, a claim for each lookup that wants one, the places, the receipt if any
 * ARGV    how many rates, budgets, lookups and places, and the time to live of the receipt, 0 for none;
 *         of each rate: tick, what it falls a tick, what is added, capacity, unit;
 *         of each budget: most, seed, cost, cost of each missing value, time to live;
 *         of each lookup: the token and time to live of its claim, or "" and 0, and how many it counts for if missing;
 *         of each of the places: member, most, time to live
 * Returns who refused (0 nobody, 1 rates, 2 places, 3 budgets), which of them, for how long (-1 forever);
 *         of each rate what remains and its reset; of each of the places how many are taken; of each budget the count;
 *         of each lookup the value and whether claimed
 */
export const admitScript = `
local call, fmod, match, max, min = redis.call, math.fmod, string.match, math.max, math.min
local rates, budgets, lookups, places = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local budget_arg = 5 + 5 * rates
local lookup_arg = budget_arg + 5 * budgets
local place_arg = lookup_arg + 3 * lookups
local by, index, retry, now = 0, 0, 0, 0
local out = {0, 0, 0}

local function up(dividend, divisor)
  local rest = fmod(dividend, divisor)
  if rest > 0 then return (dividend - rest) / divisor + 1 end
  return dividend / divisor
end

if rates + places > 0 then
  local time = call("TIME")
  now = time[1] * 1000000 + time[2]
end
local kept = {}
if rates + budgets > 0 then kept = call("MGET", unpack(KEYS, 1, rates + budgets)) end

local starts, levels = {}, {}
for i = 1, rates do
  local arg = i * 5 + 1
  local tick, fall, added, capacity = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 3])
  local at, level = now - fmod(now, tick), 0
  if kept[i] then
    local since, before = match(kept[i], "^(%d+) (%d+)$")
    if since then level = max(0, min(tonumber(before), capacity) - max(0, (at - since) / tick) * fall) end
  end
  starts[i], levels[i] = at, level
  local over = level + added - capacity
  if added > capacity then
    by, index, retry = 1, i - 1, -1
  elseif over > 0 and retry >= 0 then
    local wait = up(up(over, fall) * tick - (now - at), 1000)
    if wait > retry then by, index, retry = 1, i - 1, wait end
  end
end

local receipt_ttl, before_places, taken = ARGV[5], #KEYS - places, {}
if receipt_ttl ~= "0" then before_places = before_places - 1 end
for i = 1, places do
  local key, arg = KEYS[before_places + i], place_arg + 3 * i - 2
  local most = tonumber(ARGV[arg + 1])
  taken[i] = call("ZCOUNT", key, now + 1, "+inf")
  if by == 0 and taken[i] >= most then
    local held = call("ZSCORE", key, ARGV[arg])
    if not held or tonumber(held) <= now then
      by, index, retry = 2, i - 1, -1
      if most > 0 then
        local ends = call("ZRANGEBYSCORE", key, now + 1, "+inf", "WITHSCORES", "LIMIT", taken[i] - most, 1)
        retry = up(ends[2] - now, 1000)
      end
    end
  end
end

local found, missing = {}, 0
if by == 0 and lookups > 0 then
  found = call("MGET", unpack(KEYS, rates + budgets + 1, rates + budgets + lookups))
  for i = 1, lookups do
    if not found[i] then missing = missing + ARGV[lookup_arg + 3 * i] end
  end
end

local known, counts, costs = {}, {}, {}
for i = 1, budgets do
  local arg = budget_arg + i * 5 - 4
  local value = kept[rates + i]
  known[i] = value and match(value, "^%-?%d+$") and tonumber(value)
  local count, cost = max(known[i] or 0, tonumber(ARGV[arg + 1])), ARGV[arg + 2] + missing * ARGV[arg + 3]
  counts[i], costs[i] = count, cost
  if by == 0 and cost > 0 then
    local most = tonumber(ARGV[arg])
    if count + cost > most then
      by, index, retry = 3, i - 1, -1
      if known[i] and cost <= most then retry = max(-1, call("PTTL", KEYS[rates + i])) end
    end
  end
end

local admitted = by == 0
for i = 1, rates do
  local arg, level = i * 5 + 1, levels[i]
  local tick, fall, capacity, unit = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 3]), tonumber(ARGV[arg + 4])
  if admitted then level = level + ARGV[arg + 2] end
  local reset = 0
  if level > 0 then
    reset = up(up(level, fall) * tick - (now - starts[i]), 1000)
    if admitted then call("SET", KEYS[i], string.format("%.0f %.0f", starts[i], level), "PX", reset) end
  end
  local room = capacity - level
  out[2 + 2 * i], out[3 + 2 * i] = (room - fmod(room, unit)) / unit, reset
end
local last = 3 + 2 * rates
for i = 1, places do
  local key, arg = KEYS[before_places + i], place_arg + 3 * i - 2
  if admitted then
    local ttl = tonumber(ARGV[arg + 2])
    call("ZREMRANGEBYSCORE", key, "-inf", now)
    taken[i] = taken[i] + call("ZADD", key, now + ttl * 1000, ARGV[arg])
    if call("PTTL", key) < ttl then call("PEXPIRE", key, ttl * 2) end
  end
  out[last + i] = taken[i]
end
last = last + places
for i = 1, budgets do
  local count = counts[i]
  if admitted then
    count = count + costs[i]
    if count ~= (known[i] or 0) then
      local text = string.format("%.0f", count)
      if known[i] then call("SET", KEYS[rates + i], text, "KEEPTTL")
      else call("SET", KEYS[rates + i], text, "PX", ARGV[budget_arg + i * 5]) end
    end
  end
  out[last + i] = count
end
if admitted and receipt_ttl ~= "0" then
  for i = 1, budgets do costs[i] = string.format("%.0f", costs[i]) end
  call("SET", KEYS[#KEYS], table.concat(costs, " "), "PX", receipt_ttl)
end
if admitted then
  local claim_key = rates + budgets + lookups
  last = last + budgets
  for i = 1, lookups do
    local ttl, claimed = ARGV[lookup_arg + 3 * i - 1], 0
    if ttl ~= "0" then
      claim_key = claim_key + 1
      if not found[i] and call("SET", KEYS[claim_key], ARGV[lookup_arg + 3 * i - 2], "NX", "PX", ttl) then claimed = 1 end
    end
    out[last + 2 * i - 1], out[last + 2 * i] = found[i], claimed
  end
end
out[1], out[2], out[3] = by, index, retry
return out`;

export const admitSha = createHash("sha1").update(admitScript).digest("hex");
