--[[
Tells whether a run of a job is still queued or running. docs/rq-jobs.md has the rules and the situations.

KEYS  1 the job's hash   2 its executions (zset; score: when the worker counts as dead)   3 its queue
      4 the queue's intermediate list   5 the queue's registry of scheduled jobs
ARGV  1 job id   2 the queue that the keys are of   3 the present   4 1,000 s ago, both in Unix seconds
      5 60 s ago   6 1,000 s ago, both as RQ writes times   7 how many elements of a list to search (1000)
Returns  the verdict and the reason:
  open       it waits or runs
  over       it will not run again, as far as Redis can tell
  suspect    it is in no place, and may be on its way to one: over if a second look 15 s later says the same
  elsewhere  the reason is the queue that it is in: look again with that queue's keys

Why atomic: RQ moves a job from key to key, and separate reads could miss it in each. Why not the status alone: a dead
worker leaves `started` or `queued` behind, and a canceled job may run. 1,000 s, because RQ takes up to 900 s to start a
job again whose worker died. Nothing is written.
]]
local id, queue = ARGV[1], ARGV[2]
local status, origin, enqueued_at, started_at, last_heartbeat = unpack(redis.call('HMGET', KEYS[1],
  'status', 'origin', 'enqueued_at', 'started_at', 'last_heartbeat'))

local function after(time, limit) return time and time > limit end

-- In this list. A list too long to be searched counts as one that has it.
local function is_in(list)
  return redis.call('LPOS', list, id, 'MAXLEN', ARGV[7]) or redis.call('LLEN', list) > tonumber(ARGV[7])
end

-- Before the executions: an abandonment leaves one behind for 60 s, a late heartbeat of RQ 2 puts one back for 150 s.
-- Without a status there is no hash, or only what a late heartbeat made of a deleted one.
if not status then return { 'over', 'no hash' } end
if status == 'finished' or status == 'failed' or status == 'stopped' then return { 'over', status } end

-- Before all other statuses: a canceled, queued or scheduled job may run.
if redis.call('ZCOUNT', KEYS[2], '(' .. ARGV[3], '+inf') > 0 then return { 'open', 'execution' } end

if status == 'started' then
  if after(last_heartbeat, ARGV[6]) or after(started_at, ARGV[6]) then return { 'open', 'heartbeat' } end
  return { 'over', 'no heartbeat' }
end

if origin and origin ~= queue then return { 'elsewhere', origin } end

if status == 'queued' then
  if after(enqueued_at, ARGV[5]) then return { 'open', 'queued lately' } end
  if is_in(KEYS[3]) or is_in(KEYS[4]) then return { 'open', 'in a list' } end
  -- A worker on several queues holds a popped id nowhere until it has prepared the execution.
  return { 'suspect', 'queued, in no list' }
end

if status == 'canceled' then
  -- A job that was popped before it was canceled runs all the same.
  if redis.call('LPOS', KEYS[4], id, 'MAXLEN', ARGV[7]) then return { 'suspect', 'canceled, popped' } end
  return { 'over', status }
end

if status == 'scheduled' then
  local due = redis.call('ZSCORE', KEYS[5], id)
  -- RQ writes the status first.
  if not due then return { 'suspect', 'scheduled, in no registry' } end
  if tonumber(due) > tonumber(ARGV[4]) then return { 'open', status } end
  return { 'over', 'scheduled, long due' }
end

if status == 'deferred' or status == 'rate_limited' or status == 'ready_to_enqueue' then return { 'open', status } end
return { 'over', status }
