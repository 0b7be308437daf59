-- A rate limit by the generic cell rate algorithm, on the clock of Redis. All times are in microseconds; tat is the
-- "theoretical arrival time": when the next request would be due if requests came exactly at the rate.
--
-- KEYS[1]  the limit's key
-- ARGV[1]  the interval between requests at the rate
-- ARGV[2]  how far requests may run ahead of the rate: (burst - 1) * interval
-- ARGV[3]  how far ahead a place may be reserved; negative: none is reserved
--
-- Returns whether a place was reserved, and the wait until it, or until the next free one.
local interval, ahead, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1700000000) * 1000000 + tonumber(time[2]) -- small enough for fractions to count
local tat = tonumber(redis.call('GET', KEYS[1]) or now) or now

-- Beyond this no process reserves: the clock was set back, or the limit was another.
tat = math.min(tat, now + ahead + math.max(horizon, 0) + interval)
tat = math.max(tat, now)

local wait = tat - ahead - now
local reserved = 0
if horizon >= 0 and wait <= horizon then
	reserved = 1
	tat = tat + interval
	redis.call('SET', KEYS[1], string.format('%.3f', tat), 'PX', math.max(1, math.ceil((tat - now) / 1000)))
end
return {reserved, math.ceil(math.max(wait, 0))}
