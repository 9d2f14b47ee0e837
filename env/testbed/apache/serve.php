<?php
// Does what a request's query names, stage by stage: cpu=0.036 uses as many seconds of
// processor time, as the kernel counts that of this process, and io=0.0056 sleeps.
function used(): float {
    $u = getrusage();
    return $u['ru_utime.tv_sec'] + $u['ru_stime.tv_sec'] + ($u['ru_utime.tv_usec'] + $u['ru_stime.tv_usec']) / 1e6;
}
$query = $_SERVER['QUERY_STRING'] ?? '';
foreach ($query === '' ? [] : explode('&', $query) as $stage) {
    if (!preg_match('/^(cpu|io)=(\d{1,5}(?:\.\d{1,12})?)$/', $stage, $m)) {
        http_response_code(400);
        exit("not a demand\n");
    }
    if ($m[1] === 'io') {
        usleep((int) round(1e6 * $m[2]));
        continue;
    }
    $end = used() + $m[2];
    do {
        for ($x = 0, $k = 0; $k < 500; $k++) {
            $x = ($x * 31 + $k) % 1000003;
        }
    } while (used() < $end);
}
header('X-Fairlb-Server: ' . $_SERVER['FAIRLB_SERVER']);
header('Content-Length: 3');
echo "ok\n";
