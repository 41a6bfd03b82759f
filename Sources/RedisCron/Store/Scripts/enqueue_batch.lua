--[[
Turns one batch of due definitions into queued RQ jobs and moves their schedules, as one atomic step.

KEYS
  1                 lock
  2                 index of definitions (zset: id by next enqueue time)
  3                 RQ's set of queues
  4 .. 3+T          the queue of each template
  then N            the definitions' hashes
  then N            the RQ jobs' hashes
ARGV
  1                 our lock token
  2                 the present, in RQ's wire format (created_at, enqueued_at, latest_enqueue_time)
  3                 what stands before an id in a definition's key
  4                 what stands before an id in an RQ job's key
  5                 T, the number of templates
  6                 N, the number of jobs
  then T times      template: ttl in seconds or empty, F, then F strings, the fields that its jobs share with their
                    values; or 0, when each of its jobs comes with its whole hash
  then N times      job: index score as it was read, next_enqueue_time, next index score (both empty when there is no
                    further run), template number or 0 to move the schedule only, updated_at as it was read, then
                    nothing (template 0), the hash as RESTORE takes it (F = 0), or data and description
Returns
  'L' when the lock is not ours, an error when RQ's set of queues is not a set or a command may not be run (nothing was
  done, each time); else one character for each job, in order:
  '+' queued        'd' this planned time was queued before: nothing was done
  'a' schedule moved only, as asked
  'm' the index score is no longer the one that was read: somebody else moved it
  's' the definition changed or went away since it was read
  'q' its queue's key holds something that is not a list
  'r' RESTORE refuses its hash: nothing was done; send its fields instead

Why atomic: the four fences (lock, once, fresh, only ours) hold at the instant of the write, whatever the client went
through before; and a job's hash, its queue entry and its schedule move together or not at all. Nothing is written
before all that could make a write fail half way has been looked at.
]]
local call, pcall, sub = redis.call, redis.pcall, string.sub
-- Globals are looked up by name at each use; these are used some twenty times a job.
local KEYS, ARGV = KEYS, ARGV

local now = ARGV[2]
local id_start, job_start = #ARGV[3] + 1, #ARGV[4] + 1
local template_count, count = tonumber(ARGV[5]), tonumber(ARGV[6])
local first = 3 + template_count
local arg = 6

-- One key of each kind stands for all; TYPE meets every queue.
local refusal = guard({
  { 'GET', KEYS[1] }, { 'TYPE', KEYS[3] }, { 'ZMSCORE', KEYS[2], 'id' }, { 'ZADD', KEYS[2], '0', 'id' },
  { 'ZREM', KEYS[2], 'id' }, { 'HGET', KEYS[first + 1], 'updated_at' },
  { 'HSET', KEYS[first + 1], 'next_enqueue_time', '' }, { 'EXISTS', KEYS[first + count + 1] },
  { 'HSET', KEYS[first + count + 1], 'status', 'queued' }, { 'EXPIRE', KEYS[first + count + 1], '1' },
  { 'SADD', KEYS[3], 'queue' }, { 'RPUSH', KEYS[4], 'id' }
})
if refusal then return refusal end
if call('GET', KEYS[1]) ~= ARGV[1] then
  return 'L'
end
refusal = mistyped(KEYS[3], 'set')
if refusal then return refusal end

-- Old data may lack updated_at: such a definition is fresh while it still lacks it and still exists.
local function is_fresh(definition, updated_at)
  local found = pcall('HGET', definition, 'updated_at')
  return found == updated_at or (updated_at == '' and found == false and call('EXISTS', definition) == 1)
end

local templates = {}
local any_fields, any_whole = false, false
for t = 1, template_count do
  local key, field_count = KEYS[3 + t], tonumber(ARGV[arg + 2])
  local template = { key = key, ttl = ARGV[arg + 1], usable = not mistyped(key, 'list') }
  if field_count > 0 then
    template.fields, any_fields = { unpack(ARGV, arg + 3, arg + 2 + field_count) }, true
  else
    any_whole = true
  end
  templates[tostring(t)] = template
  arg = arg + 2 + field_count
end

-- A server or user without RESTORE gets the fields instead.
local may_restore = any_whole and not obstacle('RESTORE', KEYS[first + count + 1], '0', '')

local ids, jobs = {}, {}
for j = 1, count do
  ids[j] = sub(KEYS[first + j], id_start)
  jobs[j] = KEYS[first + count + j]
end
local scores = call('ZMSCORE', KEYS[2], unpack(ids))
-- RESTORE looks for itself.
local any_exists = any_fields and call('EXISTS', unpack(jobs)) > 0

-- Writes a job's hash, unless it is there: the outcome.
local function write_whole(job, hash)
  if not may_restore then return 'r' end
  local refusal = pcall('RESTORE', job, '0', hash).err
  if not refusal then return '+' end
  return sub(refusal, 1, 7) == 'BUSYKEY' and 'd' or 'r'
end

local function write_fields(job, template, data, description)
  if any_exists and call('EXISTS', job) == 1 then return 'd' end
  call('HSET', job, 'created_at', now, 'enqueued_at', now, 'data', data, 'description', description,
    unpack(template.fields))
  return '+'
end

local outcome, moved, gone = {}, {}, {}
local pushed, touched = {}, {}
local moved_count = 0
for j = 1, count do
  local definition, job = KEYS[first + j], jobs[j]
  local template = templates[ARGV[arg + 4]]
  local result
  if scores[j] ~= ARGV[arg + 1] then
    result = 'm'
  elseif not is_fresh(definition, ARGV[arg + 5]) then
    result = 's'
  elseif not template then
    result = 'a'
  elseif not template.usable then
    result = 'q'
  elseif template.fields then
    result = write_fields(job, template, ARGV[arg + 6], ARGV[arg + 7])
  else
    result = write_whole(job, ARGV[arg + 6])
  end
  outcome[j] = result

  if result == '+' then
    if template.ttl ~= '' then call('EXPIRE', job, template.ttl) end
    local list = pushed[template.key]
    if not list then
      list = {}
      pushed[template.key] = list
      touched[#touched + 1] = template.key
    end
    list[#list + 1] = sub(job, job_start)
    call('HSET', definition, 'latest_enqueue_time', now, 'next_enqueue_time', ARGV[arg + 2])
  elseif result == 'a' then
    call('HSET', definition, 'next_enqueue_time', ARGV[arg + 2])
  end

  if result == '+' or result == 'a' then
    if ARGV[arg + 3] == '' then
      gone[#gone + 1] = ids[j]
    else
      moved[moved_count + 1] = ARGV[arg + 3]
      moved[moved_count + 2] = ids[j]
      moved_count = moved_count + 2
    end
  end
  arg = arg + (not template and 5 or template.fields and 7 or 6)
end

for t = 1, #touched do
  call('RPUSH', touched[t], unpack(pushed[touched[t]]))
end
if #touched > 0 then call('SADD', KEYS[3], unpack(touched)) end
if moved_count > 0 then call('ZADD', KEYS[2], unpack(moved)) end
if #gone > 0 then call('ZREM', KEYS[2], unpack(gone)) end
return table.concat(outcome)
