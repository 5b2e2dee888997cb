"""Which settings of systemd are lists: each occurrence adds, an empty one resets. From systemd's manual pages (256).

A setting that is missing here is still read; only one that comes once looks like a lone value.
"""

from __future__ import annotations

_EXEC = "ExecCondition ExecReload ExecReloadPost ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost"
_UNIT = """
    After Alias Also Before BindsTo Conflicts Documentation JoinsNamespaceOf OnFailure OnSuccess PartOf
    PropagatesReloadTo PropagatesStopTo ReloadPropagatedFrom RequiredBy Requires RequiresMountsFor Requisite
    StopPropagatedFrom Upholds UpheldBy WantedBy Wants WantsMountsFor
"""
_CONDITIONS = """
    ACPower Architecture CPUFeature CPUPressure CPUs Capability ControlGroupController Credential DirectoryNotEmpty
    Environment FileIsExecutable FileNotEmpty Firmware FirstBoot Group Host IOPressure KernelCommandLine
    KernelModuleLoaded KernelVersion Memory MemoryPressure NeedsUpdate OSRelease PathExists PathExistsGlob
    PathIsDirectory PathIsEncrypted PathIsMountPoint PathIsReadWrite PathIsSymbolicLink Security User Version
    Virtualization
"""
_SANDBOX = """
    AmbientCapabilities BPFProgram BindPaths BindReadOnlyPaths CacheDirectory CapabilityBoundingSet
    ConfigurationDirectory DeviceAllow Environment EnvironmentFile ExecPaths ExecSearchPath ExtensionDirectories
    ExtensionImages IODeviceLatencyTargetSec IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOWriteBandwidthMax
    IOWriteIOPSMax IPAddressAllow IPAddressDeny IPEgressFilterPath IPIngressFilterPath ImportCredential
    InaccessibleDirectories InaccessiblePaths LoadCredential LoadCredentialEncrypted LogExtraFields
    LogFilterPatterns LogsDirectory MountImages NFTSet NoExecPaths OpenFile PassEnvironment ReadOnlyDirectories
    ReadOnlyPaths ReadWriteDirectories ReadWritePaths RestrictAddressFamilies RestrictFileSystems
    RestrictNetworkInterfaces RuntimeDirectory SetCredential SetCredentialEncrypted SocketBindAllow SocketBindDeny
    Sockets StandardInputData StandardInputText StateDirectory SupplementaryGroups SystemCallArchitectures
    SystemCallFilter SystemCallLog TemporaryFileSystem UnsetEnvironment
"""
_OTHERS = """
    ListenDatagram ListenFIFO ListenMessageQueue ListenNetlink ListenSequentialPacket ListenSpecial ListenStream
    ListenUSBFunction Symlinks
    OnActiveSec OnBootSec OnCalendar OnStartupSec OnUnitActiveSec OnUnitInactiveSec
    DirectoryNotEmpty PathChanged PathExists PathExistsGlob PathModified
    Address AllowedIPs BindCarrier DNS DNSSECNegativeTrustAnchors DNSStubListenerExtra Domains FallbackDNS FallbackNTP
    Gateway IPVLAN IPVTAP MACVLAN MACVTAP MACsec NTP Tunnel VLAN VXLAN
    Bind BindReadOnly BindUser Inaccessible Overlay OverlayReadOnly VirtualEthernetExtra
    DefaultEnvironment ManagerEnvironment
"""

LIST_SETTINGS = frozenset(
    [
        *f"{_EXEC} {_UNIT} {_SANDBOX} {_OTHERS}".split(),
        *(f"{kind}{name}" for kind in ("Condition", "Assert") for name in _CONDITIONS.split()),
    ]
)

_SECTIONS = """
    Address BridgeFDB BridgeMDB BridgeVLAN CAN DHCPServerStaticLease IPv6AddressLabel IPv6Prefix IPv6RoutePrefix
    L2TPSession MACsecReceiveAssociation MACsecReceiveChannel MACsecTransmitAssociation Neighbor NextHop Route
    RoutingPolicyRule SR-IOV WireGuardPeer
"""

REPEATED_SECTIONS = frozenset(_SECTIONS.split())
"""Sections that stand for one thing each time (systemd.network(5), systemd.netdev(5)); others continue."""
