--[[
Adds runs to RQ's own history of cron jobs, as RQ 3 does for its own.

KEYS  for each of N definitions: its hash, then RQ's history of that name (zset: job id by when it was queued)
ARGV  1 how many ids a history keeps   2 its TTL in seconds
      then for each definition the number M of its runs, and M times when it was queued in Unix seconds, and the job's id
Returns  how many definitions got their runs; one that is gone gets none, nor one whose history is no sorted set.

Why atomic: a history that is written after its definition was deleted would stay for a year.
]]
local refusal = guard({
  { 'EXISTS', KEYS[1] }, { 'TYPE', KEYS[2] }, { 'ZADD', KEYS[2], '0', 'id' },
  { 'ZREMRANGEBYRANK', KEYS[2], '0', '0' }, { 'EXPIRE', KEYS[2], ARGV[2] }
})
if refusal then return refusal end
local last_rank = -(tonumber(ARGV[1]) + 1)
local written, arg = 0, 3
for key = 1, #KEYS, 2 do
  local history, first, count = KEYS[key + 1], arg + 1, tonumber(ARGV[arg])
  arg = first + 2 * count
  if redis.call('EXISTS', KEYS[key]) == 1 and not mistyped(history, 'zset') then
    redis.call('ZADD', history, unpack(ARGV, first, arg - 1))
    redis.call('ZREMRANGEBYRANK', history, 0, last_rank)
    redis.call('EXPIRE', history, ARGV[2])
    written = written + 1
  end
end
return written
