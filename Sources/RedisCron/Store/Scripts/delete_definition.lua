--[[
Removes a definition: hash, index entry, and the news of it in one step.

KEYS  1 the definition's hash   2 index of definitions   3 update marker
      4 finished definitions (zset: id by the time at which it is to be deleted)
      5 RQ's own history of that name, from which our part is taken out (rq_history.lua)
      6 its runs that are over   7 its refused times   8 .. 11 what is kept of all runs; see forgetting.lua. Without these its runs
      are left to the scheduler
ARGV  1 id   2 channel   3 event   4 update marker   5 what its members of KEYS[8] begin with, behind a bracket as ZRANGEBYLEX has it
      6 the updated_at that must stand there; left out for any
Returns  1 when there was such a definition, 0 when there was none, -1 when it is not as expected (nothing is announced then).

Why atomic: an index entry without a hash, or a hash without its entry, would be seen by a tick in between. The entry
of an id that has no hash is not touched: it may be one of RQ's own names. Where the user may not remove what is kept of its runs,
it is deleted all the same.
]]
local refusal = guard({
  { 'TYPE', KEYS[1] }, { 'DEL', KEYS[1] }, { 'ZREM', KEYS[2], ARGV[1] }, { 'SET', KEYS[3], ARGV[4] },
  { 'ZREM', KEYS[4], ARGV[1] }, { 'PUBLISH', ARGV[2], ARGV[3] }, { 'HGET', KEYS[1], 'updated_at' }
})
if refusal then return refusal end
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then
  return 0
end
if ARGV[6] and (redis.call('HGET', KEYS[1], 'updated_at') or '') ~= ARGV[6] then return -1 end
refusal = mistyped(KEYS[2], 'zset') or mistyped(KEYS[3], 'string') or mistyped(KEYS[4], 'zset')
if refusal then return refusal end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
take_out_of_history(KEYS[5])
redis.call('SET', KEYS[3], ARGV[4])
if KEYS[6] and not guard(forgetting(8, KEYS[6], KEYS[7])) then forget_runs(8, KEYS[6], KEYS[7], ARGV[1], ARGV[5]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
