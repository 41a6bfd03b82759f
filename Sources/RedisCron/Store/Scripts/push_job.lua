--[[
Queues one RQ job, outside of any schedule.

KEYS  1 RQ's set of queues   2 the queue   3 the job's hash   4 the definition's hash
      5 log of runs; where nothing is noted, another of these keys
      then R times 3, the definition's open runs, and Q times 3, their queues; see open_runs.lua
ARGV  1 job id   2 ttl in seconds, or empty   3 flags: 'f' it goes to the front of the queue
      4 overlap: 'skip', 'wait' or 'replace', or empty to queue it whatever is open
      5 the definition's open_runs as it was read   6 this run as an entry of open_runs (JSON), or empty not to record it
      7 '1' if nothing is to be done when the job exists, else empty
      8 the present in whole Unix seconds   9, 10 60 s and 1,000 s ago in RQ's wire format
      11 what stands before a worker's name in its channel
      12 what the log says of the run, behind its outcome; empty to note nothing. See run_log.lua   13 R   14 Q
      then R times 2, the open runs, Q names of queues, and pairs of field and value: the job's hash
      4 and 6 are empty when the definition is gone; 5 and the open runs are not looked at then.
Returns  a character:
  '+' queued
  'd' the job exists: nothing was done
  'o' refused, since a run is open ('skip' and 'wait')
  'w' nothing was queued yet: `replace` waits for a run that is on its way from one place to another. Ask again in 1 s
  's' open_runs changed since it was read, or a run was found in another queue and open_runs says so: read it again
  'h' its open runs need more searches than one script may make: nothing was done
  If `replace` did something, an array as enqueue_batch.lua returns it.

Why atomic: a worker must never pop an id whose hash is not there yet, and no run may begin between a look at the open ones
and the push.
]]
local call = redis.call
local id, flags, overlap, entry = ARGV[1], ARGV[3], ARGV[4], ARGV[6]
local push = string.find(flags, 'f', 1, true) and 'LPUSH' or 'RPUSH'
local run_count, queue_count = tonumber(ARGV[13]), tonumber(ARGV[14])
local queue_arg = 14 + 2 * run_count
local first = queue_arg + queue_count + 1
local is_asked = overlap ~= '' or entry ~= ''
local inspection = is_asked and run_inspection(
  ARGV[8], ARGV[9], ARGV[10], ARGV[11], #KEYS[3] - #id + 1, 5 + 3 * run_count, queue_arg, 3)
local refusal = guard({
  { 'TYPE', KEYS[1] }, { 'HSET', KEYS[3], 'status', 'queued' }, { 'EXPIRE', KEYS[3], '1' },
  { 'SADD', KEYS[1], KEYS[2] }, { push, KEYS[2], id }
}) or (ARGV[7] == '1' and guard({ { 'EXISTS', KEYS[3] } })) or (is_asked and guard({
  { 'HMGET', KEYS[4], 'open_runs' }, { 'HSET', KEYS[4], 'open_runs', '' }, { 'HDEL', KEYS[4], 'open_runs' }
})) or (overlap ~= '' and run_count > 0 and guard(inspection.looks(6)))
  or (overlap == 'replace' and run_count > 0 and guard(inspection.removals(6)))
  or mistyped(KEYS[1], 'set') or mistyped(KEYS[2], 'list')
if refusal then return refusal end
if ARGV[7] == '1' and call('EXISTS', KEYS[3]) == 1 then return 'd' end

local found, told = nil, {}
-- What the definition is to remember of its runs: pairs of field and value.
local fields = {}

local function remember(open_runs)
  if open_runs == '' then
    call('HDEL', KEYS[4], 'open_runs')
  else
    fields[#fields + 1], fields[#fields + 2] = 'open_runs', open_runs
  end
end

if is_asked then
  if call('TYPE', KEYS[4]).ok ~= 'hash' then return 's' end
  local read, failures, most_failures =
    unpack(call('HMGET', KEYS[4], 'open_runs', 'failure_count', 'pause_after_failures'))
  if (read or '') ~= ARGV[5] then return 's' end
  if overlap == '' then
    found = inspection.unseen(6, 15, run_count, KEYS[3])
  else
    -- The next tick pauses the definition if these are too many.
    local failures_before = tonumber(most_failures or '') and (tonumber(failures or '') or 0)
    found = inspection.survey(6, 15, run_count, KEYS[3], false, failures_before)
    if overlap == 'replace' and not found.is_elsewhere then inspection.plan_removal() end
    if not found.is_elsewhere and not found.is_late and found.failures ~= failures_before then
      fields = { 'failure_count', found.failures }
    end
  end
  local refused
  if found.is_elsewhere then
    refused = 's'
    remember(inspection.moved(6, 15, run_count))
  elseif found.is_late then
    return 'h'
  elseif #found.kept > 0 and (overlap == 'skip' or overlap == 'wait') then
    refused = 'o'
    if found.is_changed then remember(inspection.text(found.kept, '')) end
  elseif found.is_waited_for then
    refused = 'w'
    inspection.remove(1, told)
    remember(inspection.text(found.kept, ''))
  end
  if refused then
    if #fields > 0 then call('HSET', KEYS[4], unpack(fields)) end
    -- A run that is refused is not noted, but those that were taken out for it are.
    if refused == 'w' and ARGV[12] ~= '' then log_runs(KEYS[5], refused, told, ARGV[12]) end
    inspection.send_stops(told)
    return #told > 0 and { refused, unpack(told) } or refused
  end
end

call('HSET', KEYS[3], unpack(ARGV, first))
if ARGV[2] ~= '' then call('EXPIRE', KEYS[3], ARGV[2]) end
call('SADD', KEYS[1], KEYS[2])
call(push, KEYS[2], id)
if found and overlap == 'replace' then inspection.remove(1, told) end
if entry ~= '' then
  remember(inspection.text(found.kept, entry))
elseif found and found.is_changed then
  remember(inspection.text(found.kept, ''))
end
-- The job's id may be random, and found again only where its definition remembers it. The job is queued in any case: to a
-- user who may not write definitions, and where the definition was deleted meanwhile.
if redis.pcall('TYPE', KEYS[4]).ok == 'hash' then redis.pcall('HSET', KEYS[4], 'triggered_job', id, unpack(fields)) end
if ARGV[12] ~= '' then log_runs(KEYS[5], '+', told, ARGV[12]) end
if inspection then inspection.send_stops(told) end
return #told > 0 and { '+', unpack(told) } or '+'
