# A Coder template for a Docker host: workspaces in which `sudo dockerd` works.

terraform {
  required_providers {
    coder = {
      source = "coder/coder"
    }
    docker = {
      source = "kreuzwerker/docker"
    }
  }
}

data "coder_provisioner" "me" {}
data "coder_workspace" "me" {}
data "coder_workspace_owner" "me" {}

resource "coder_agent" "main" {
  arch           = data.coder_provisioner.me.arch
  os             = "linux"
  startup_script = <<-EOT
    #!/bin/sh
    sudo dockerd >/tmp/dockerd.log 2>&1 &
  EOT
}

# What the engine inside stores outlives the workspace's container.
resource "docker_volume" "images" {
  name = "coder-${data.coder_workspace.me.id}-images"
}

resource "docker_container" "workspace" {
  count   = data.coder_workspace.me.start_count
  name    = "coder-${data.coder_workspace_owner.me.name}-${lower(data.coder_workspace.me.name)}"
  image   = "sysbox/workspace:bookworm"
  command = ["sh", "-c", coder_agent.main.init_script]
  env     = ["CODER_AGENT_TOKEN=${coder_agent.main.token}"]

  # The one line that makes it a system container.
  runtime = "sysbox-runc"

  volumes {
    volume_name    = docker_volume.images.name
    container_path = "/var/lib/docker"
  }
}
