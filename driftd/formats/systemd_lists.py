"""Which settings of systemd are lists: each occurrence adds, an empty one resets. From systemd's manual pages (252).

A setting that is missing here is still read; only one that comes once looks like a lone value.
"""

from __future__ import annotations

_EXEC = "ExecCondition ExecReload ExecReloadPost ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost"
_UNIT = """
    After Alias Also Asserts Before BindsTo Conflicts Documentation JoinsNamespaceOf OnFailure OnSuccess PartOf
    PropagatesReloadTo PropagatesStopTo ReloadPropagatedFrom RequiredBy Requires RequiresMountsFor Requisite
    StopPropagatedFrom Upholds UpheldBy WantedBy Wants WantsMountsFor
    AssertPathExists ConditionArchitecture ConditionCapability ConditionDirectoryNotEmpty ConditionFileIsExecutable
    ConditionFileNotEmpty ConditionHost ConditionKernelCommandLine ConditionKernelVersion ConditionPathExists
    ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsMountPoint ConditionPathIsReadWrite
    ConditionPathIsSymbolicLink ConditionSecurity ConditionUser ConditionVirtualization
"""
_SANDBOX = """
    AmbientCapabilities BindPaths BindReadOnlyPaths CapabilityBoundingSet DeviceAllow Environment EnvironmentFile
    ExecPaths ExecSearchPath InaccessiblePaths IPAddressAllow IPAddressDeny LoadCredential LoadCredentialEncrypted
    NoExecPaths PassEnvironment ReadOnlyPaths ReadWritePaths RestrictAddressFamilies RestrictNetworkInterfaces
    SetCredential SetCredentialEncrypted SocketBindAllow SocketBindDeny SupplementaryGroups SystemCallArchitectures
    SystemCallFilter SystemCallLog TemporaryFileSystem UnsetEnvironment
"""
_OTHERS = """
    ListenDatagram ListenFIFO ListenMessageQueue ListenNetlink ListenSequentialPacket ListenSpecial ListenStream
    ListenUSBFunction Symlinks
    OnActiveSec OnBootSec OnCalendar OnStartupSec OnUnitActiveSec OnUnitInactiveSec
    DirectoryNotEmpty PathChanged PathExists PathExistsGlob PathModified
    Address DNS Domains Gateway NTP
"""

LIST_SETTINGS = frozenset(f"{_EXEC} {_UNIT} {_SANDBOX} {_OTHERS}".split())

_SECTIONS = """
    Address BridgeFDB BridgeMDB BridgeVLAN CAN DHCPServerStaticLease IPv6AddressLabel IPv6Prefix IPv6RoutePrefix
    L2TPSession MACsecReceiveAssociation MACsecReceiveChannel MACsecTransmitAssociation Neighbor NextHop Route
    RoutingPolicyRule SR-IOV WireGuardPeer
"""

REPEATED_SECTIONS = frozenset(_SECTIONS.split())
"""Sections that stand for one thing each time (systemd.network(5), systemd.netdev(5)); others continue."""
