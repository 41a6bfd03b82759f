--[[
Tells whether runs are still open.

KEYS  3 for each run, then 3 for each queue; see open_runs.lua
ARGV  1 the present in whole Unix seconds   2, 3 60 s and 1,000 s ago in RQ's wire format   4 what stands before an id in a
      job's key   5 R, the number of runs   then R times 2, the runs, and the names of the queues
Returns  three strings for each run, in order: the verdict (see open_runs.lua), the status or empty, and the queue that it is
  in if that is another one ('elsewhere'), else empty. 'later': ask again for these.

Why atomic: RQ moves a job from key to key, and separate reads could miss it in each. Nothing is written.
]]
local count = tonumber(ARGV[5])
local inspection =
  run_inspection(ARGV[1], ARGV[2], ARGV[3], '', #ARGV[4] + 1, 3 * count, 5 + 2 * count, 3)
local refusal = count > 0 and guard(inspection.looks(1))
if refusal then return refusal end
local verdicts = {}
for number = 0, count - 1 do
  local verdict, status, _, origin = inspection.judge(1 + 3 * number, 6 + 2 * number)
  verdicts[#verdicts + 1] = verdict
  verdicts[#verdicts + 1] = status or ''
  verdicts[#verdicts + 1] = verdict == 'elsewhere' and origin or ''
end
return verdicts
