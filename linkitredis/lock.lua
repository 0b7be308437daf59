-- Takes a lock, unless it is too late: a command that a hung Redis runs when nobody waits for it any more must take none.
-- Times are in milliseconds, on the clock of Redis.
--
-- KEYS[1]  the lock's key
-- ARGV[1]  the value that tells the holders apart
-- ARGV[2]  the lease
-- ARGV[3]  the time from when on the lock isn't taken; 0: it only asks
--
-- Returns 1 when the lock was taken and -1 when it wasn't; when it was only asked, the time if the lock is free.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local latest = tonumber(ARGV[3])
if redis.call('EXISTS', KEYS[1]) == 1 then
	return -1
end
if latest == 0 then
	return now
end
if now >= latest then
	return -1
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
