package apache

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// modules is where Debian's Apache has its modules.
const modules = "/usr/lib/apache2/modules"

//go:embed serve.php
var script []byte

// settingsOf is the settings file of one Apache, whose files are in a folder of its own.
// The number of workers is fixed, as in the model: all begin at once and none ends. The
// scoreboard is in shared memory that has a name, so that it can be read while all workers
// are busy; mod_status needs a worker to answer.
func settingsOf(p *program, folder string, server, workers, backlog int) []byte {
	return fmt.Appendf(nil, `ServerRoot "%[1]s"
DefaultRuntimeDir "%[1]s"
PidFile "%[1]s/pid"
ScoreBoardFile "%[1]s/scoreboard"
ErrorLog "%[1]s/error.log"
LogLevel warn
ServerName fairlb
Listen 0.0.0.0:80
ListenBacklog %[5]d
LoadModule mpm_prefork_module %[2]s/mod_mpm_prefork.so
LoadModule authz_core_module %[2]s/mod_authz_core.so
LoadModule alias_module %[2]s/mod_alias.so
LoadModule env_module %[2]s/mod_env.so
LoadModule php_module %[3]s
User www-data
Group www-data
ServerLimit %[4]d
StartServers %[4]d
MinSpareServers %[4]d
MaxSpareServers %[6]d
MaxRequestWorkers %[4]d
MaxConnectionsPerChild 0
KeepAlive Off
SetEnv FAIRLB_SERVER %[7]d
AliasMatch "^/" "%[1]s/serve.php"
<Directory "%[1]s">
  Require all granted
  SetHandler application/x-httpd-php
</Directory>
`, folder, modules, p.php, workers, backlog, workers+1, server)
}

// writeFiles makes the folder of one Apache. Its workers, who are not root, read it.
func writeFiles(p *program, folder string, server, workers, backlog int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "apache.conf"), settingsOf(p, folder, server, workers, backlog), 0o644),
		os.WriteFile(filepath.Join(folder, "serve.php"), script, 0o644),
	)
}
